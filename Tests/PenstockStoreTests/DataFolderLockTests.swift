internal import Glibc
internal import PenstockSystem
internal import Testing

@Suite struct DataFolderLockTests {
    @Test func lockIsFreeAgainWhenTheValueIsGone() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/data"
        do {
            let lock = try DataFolderLock(directory: path)
            let refused = folderError { () throws(FolderError) in _ = try DataFolderLock(directory: path) }
            #expect(refused?.code == .locked)
            #expect(refused?.message.contains("process \(getpid())") == true)
            _ = consume lock
        }
        #expect(folderError { () throws(FolderError) in _ = try DataFolderLock(directory: path) } == nil)
    }

    @Test func folderThatCannotBeMadeIsAnError() {
        #expect(folderError { () throws(FolderError) in _ = try DataFolderLock(directory: "/proc/none") }?.code == .io)
    }

    private func folderError(_ body: () throws(FolderError) -> Void) -> FolderError? {
        do {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
