internal import Foundation
internal import Glibc
internal import PenstockCore
internal import PenstockStore
internal import Testing

/// A store whose process is really killed: this test program starts itself again, to run `storeToBeKilled` alone.
@Suite struct KilledStoreTests {
    private static let variable = "PENSTOCK_STORE_TO_FILL"

    @Test(.enabled(if: getenv(variable) != nil)) func storeToBeKilled() throws {
        let folder = try #require(getenv(Self.variable).map { String(cString: $0) })
        let acknowledged = open(folder + "/acknowledged", O_RDWR | O_CREAT, 0o600)
        let store = try SQLiteStore(directory: folder)
        _ = try store.openEpoch(1, ifHead: store.head())
        var head: Position = 0
        while true {
            _ = try store.append([event(head + 1), event(head + 2)], ifHead: head, epoch: 1)
            head += 2
            pwrite(acknowledged, &head, 8, 0)
        }
    }

    @Test(.enabled(if: getenv(variable) == nil)) func killLosesNothingAcknowledged() throws {
        let folder = try TemporaryFolder()
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--testing-library", "swift-testing", "--filter", "storeToBeKilled"]
        child.environment = ProcessInfo.processInfo.environment.merging([Self.variable: folder.path]) { $1 }
        child.standardOutput = FileHandle.nullDevice
        try child.run()
        for _ in 0..<3000 where acknowledged(folder) < 100 { usleep(10_000) }
        let refused = storeError { _ = try SQLiteStore(directory: folder.path) }
        #expect(refused?.message.contains("process \(child.processIdentifier)") == true)
        kill(child.processIdentifier, SIGKILL)
        child.waitUntilExit()
        #expect(child.terminationReason == .uncaughtSignal)

        let count = acknowledged(folder)
        let head = try SQLiteStore(directory: folder.path).head().position
        #expect(count >= 100)
        #expect(head == count || head == count + 2)
    }

    private func acknowledged(_ folder: TemporaryFolder) -> Position {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: folder.path + "/acknowledged")) else { return 0 }
        var count: Position = 0
        withUnsafeMutableBytes(of: &count) { _ = data.copyBytes(to: $0) }
        return count
    }
}
