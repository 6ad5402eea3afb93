internal import Foundation
internal import Glibc
internal import Testing

@testable internal import PenstockJournal

/// A writer that is really killed: this test program starts itself again, to run `writerToBeKilled` alone.
@Suite struct KilledWriterTests {
    private static let variable = "PENSTOCK_JOURNAL_TO_WRITE"

    @Test(.enabled(if: getenv(variable) != nil)) func writerToBeKilled() throws {
        let folder = try #require(getenv(Self.variable).map { String(cString: $0) })
        let acknowledged = open(folder + ".acknowledged", O_RDWR | O_CREAT, 0o600)
        let journal = try Journal(
            directory: folder, incarnation: [UInt8](repeating: 7, count: 16),
            options: JournalOptions(segmentBytes: 64 << 10, maxSegments: 1 << 20))
        while true {
            if var sequence = journal.appendDue() {
                pwrite(acknowledged, &sequence, 8, 0)
            } else {
                try journal.prepareSegments()
            }
        }
    }

    @Test(.enabled(if: getenv(variable) == nil), arguments: 1...3) func killLosesNothingAcknowledged(round: Int) throws
    {
        let folder = try JournalFolder()
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--testing-library", "swift-testing", "--filter", "writerToBeKilled"]
        child.environment = ProcessInfo.processInfo.environment.merging([Self.variable: folder.path]) { $1 }
        child.standardOutput = FileHandle.nullDevice
        try child.run()
        for _ in 0..<1000 where folder.files.count < 5 * round { usleep(10_000) }
        kill(child.processIdentifier, SIGKILL)
        child.waitUntilExit()
        #expect(child.terminationReason == .uncaughtSignal)

        var acknowledged: UInt64 = 0
        let data = try Data(contentsOf: URL(fileURLWithPath: folder.path + ".acknowledged"))
        withUnsafeMutableBytes(of: &acknowledged) { _ = data.copyBytes(to: $0) }
        let journal = try Journal(directory: folder.path, incarnation: [UInt8](repeating: 8, count: 16))
        let all = journal.all()
        #expect(acknowledged > 100)
        #expect(UInt64(all.count) == acknowledged || UInt64(all.count) == acknowledged + 1)
        #expect(all.map(\.sequence) == Array(1...UInt64(all.count)))
        #expect(all.allSatisfy { $0.bytes == body($0.sequence) })
        #expect(journal.previous.allSatisfy { $0.proven })
    }
}
