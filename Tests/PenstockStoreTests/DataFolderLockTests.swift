internal import Glibc
internal import PenstockFolder
internal import PenstockStore
internal import Testing

@Suite struct DataFolderLockTests {
    @Test func lockIsFreeAgainWhenTheValueIsGone() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/data"
        do {
            let lock = try DataFolderLock(directory: path)
            let refused = storeError { _ = try DataFolderLock(directory: path) }
            #expect(refused?.code == .locked)
            #expect(refused?.message.contains("process \(getpid())") == true)
            _ = consume lock
        }
        #expect(storeError { _ = try DataFolderLock(directory: path) } == nil)
    }

    @Test func folderThatCannotBeMadeIsAnError() {
        #expect(storeError { _ = try DataFolderLock(directory: "/proc/none") }?.code == .io)
    }
}
