internal import Foundation
internal import Glibc
internal import PenstockSystem
internal import Testing

@testable internal import PenstockJournal

/// Several writers of a process that is really killed: this test program starts itself again, to run
/// `lanesToBeKilled` alone.
@Suite(.serialized) struct KilledLanesTests {
    private static let variable = "PENSTOCK_JOURNAL_LANES_TO_WRITE"
    private static let lanes = 4

    /// A record says whose it is, and which of them.
    private static func body(lane: Int, number: UInt64) -> [UInt8] {
        let words = [UInt64(lane), number].flatMap { word in withUnsafeBytes(of: word.littleEndian) { [UInt8]($0) } }
        return words + PenstockJournalTests.body(number &* 4 &+ UInt64(lane))
    }

    private static func acknowledgements(_ folder: String, _ lane: Int) -> String { "\(folder).\(lane)" }

    @Test(.enabled(if: getenv(variable) != nil)) func lanesToBeKilled() throws {
        let folder = try #require(getenv(Self.variable).map { String(cString: $0) })
        let journal = try Journal(
            directory: folder, incarnation: [UInt8](repeating: 7, count: 16),
            options: JournalOptions(segmentBytes: 64 << 10, maxSegments: 1 << 20))
        for lane in 0..<Self.lanes {
            let acknowledged = open(Self.acknowledgements(folder, lane), O_WRONLY | O_CREAT | O_APPEND, 0o600)
            try SystemThread(name: "lane \(lane)") {
                var number: UInt64 = 1
                while true {
                    let body = Self.body(lane: lane, number: number)
                    let sequence = journal.append(byteCount: body.count, lane: lane) { memory in
                        let half = body.count / 2
                        memory.copyBytes(from: body[..<half])
                        // The others write on beside half a record, so that most kills find one.
                        sched_yield()
                        UnsafeMutableRawBufferPointer(rebasing: memory[half...]).copyBytes(from: body[half...])
                    }
                    guard var sequence else {
                        sched_yield()
                        continue
                    }
                    precondition(write(acknowledged, &sequence, 8) == 8)
                    number += 1
                }
            }
        }
        while true {
            try journal.prepareSegments()
            usleep(500)
        }
    }

    @Test(.enabled(if: getenv(variable) == nil), arguments: 1...10) func killLosesNothingAcknowledgedOfAnyLane(
        round: Int
    )
        throws
    {
        let folder = try JournalFolder()
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--testing-library", "swift-testing", "--filter", "lanesToBeKilled"]
        child.environment = ProcessInfo.processInfo.environment.merging([Self.variable: folder.path]) { $1 }
        child.standardOutput = FileHandle.nullDevice
        try child.run()
        for _ in 0..<10_000 where folder.files.count < 2 + round { usleep(1_000) }
        kill(child.processIdentifier, SIGKILL)
        child.waitUntilExit()
        #expect(child.terminationReason == .uncaughtSignal)

        let journal = try Journal(directory: folder.path, incarnation: [UInt8](repeating: 8, count: 16))
        let all = journal.all()
        #expect(all.map(\.sequence) == Array(1...UInt64(all.count)))
        #expect(journal.previous.allSatisfy { $0.proven })
        var found = [[UInt64]](repeating: [], count: Self.lanes)
        for record in all where !record.bytes.isEmpty {
            let lane = try #require((0..<Self.lanes).first { $0 == Int(record.bytes[0]) })
            found[lane].append(record.sequence)
            // Whole, in the order in which its lane wrote it, and none of it twice.
            #expect(record.bytes == Self.body(lane: lane, number: UInt64(found[lane].count)))
        }
        for lane in 0..<Self.lanes {
            let data = try Data(contentsOf: URL(fileURLWithPath: Self.acknowledgements(folder.path, lane)))
            let acknowledged = stride(from: 0, to: data.count, by: 8).map { at in
                data[at..<at + 8].withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
            }
            #expect(acknowledged.count > 10)
            // One more at most: it was whole, and killed before it was answered.
            #expect(found[lane].starts(with: acknowledged) && found[lane].count <= acknowledged.count + 1)
        }
        // What was cut off has no content, and there is one in a lane at most. Nobody comes upon it.
        let torn = Set(all.filter(\.bytes.isEmpty).map(\.sequence))
        #expect(torn.count + found.reduce(0) { $0 + $1.count } == all.count && torn.count <= Self.lanes)
        journal.forEachPreviousRecord { _, _, sequence, bytes in
            #expect(!torn.contains(sequence) && [UInt8](bytes) == all[Int(sequence) - 1].bytes)
        }
    }
}
