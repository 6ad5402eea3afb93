internal import Foundation
internal import PenstockCore
internal import PenstockStore
internal import Testing

@Suite struct DecisionArchiveTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let day: WallTime = 86_400_000
    private static let start: WallTime = 1_790_000_000_000
    private var archive: String { folder.path + "/archive/decisions" }

    private func batch(_ number: UInt64, node: String = "n", at wall: WallTime, records: Int = 3) -> DecisionBatchRow {
        var bytes: [UInt8] = []
        for index in 0..<records {
            var record = DecisionRecord(kind: .decided)
            (record.wall, record.grant, record.action) = (wall, 7, "tools/call")
            (record.resourceType, record.resourceID, record.callID) = ("tool", "ü\u{1F600}\"\n", "c\(number)-\(index)")
            record.amounts = [Amount("calls", 1)]
            let encoded = record.bytes
            bytes += withUnsafeBytes(of: UInt32(encoded.count).littleEndian) { [UInt8]($0) } + encoded
        }
        return DecisionBatchRow(
            node: node, incarnation: "i", firstSequence: number * 10, count: records, digest: id(number), bytes: bytes)
    }

    private func rows(_ store: SQLiteStore) throws -> [DecisionBatchRow] {
        let (rows, _, _) = try store.decisionBatches(BatchSearch(), from: 0)
        return try rows.compactMap { try store.decisionBatch(row: $0) }
    }

    private func moveAll(_ store: SQLiteStore, _ kept: KeptInStore, now: WallTime) throws {
        while try store.archiveDecisions(kept, now: now) {}
    }

    private var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: archive)) ?? []).sorted()
    }

    /// By another tool.
    private func text(_ file: String) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", archive + "/" + file]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func oldDecisionsGoToAFileADayAndAreFoundAsBefore() throws {
        let store = try SQLiteStore(directory: folder.path)
        let batches = (0..<50).map { batch($0, at: Self.start + WallTime($0 / 20) * Self.day) }
        for batch in batches { try store.saveDecisionBatch(batch) }
        try moveAll(store, KeptInStore(age: Self.day), now: Self.start + 2 * Self.day + 1)
        #expect(try rows(store) == batches)
        #expect(files == ["2026-09-21.jsonl.gz", "2026-09-22.jsonl.gz"])
        let lines = try text(files[0])
        #expect(lines.count == 60)
        #expect(lines[4].contains(#""call_id":"c1-1""#) && lines[4].contains(#""time_ms":1790000000000"#))
        let again = try reopened(store, folder.path)
        #expect(try rows(again) == batches)
        #expect(try again.saveDecisionBatch(batches[3]) == 3)
    }

    /// The folder is free once the first is let go of.
    private func reopened(_ store: SQLiteStore, _ path: String) throws -> SQLiteStore {
        let copy = path + "-again"
        try store.close()
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        for name in ["log.sqlite", "decisions.sqlite", "archive"] {
            try FileManager.default.copyItem(atPath: path + "/" + name, toPath: copy + "/" + name)
        }
        return try SQLiteStore(directory: copy)
    }

    @Test func whatIsAboveTheSizeGoesOldestFirst() throws {
        let store = try SQLiteStore(directory: folder.path)
        let batches = (0..<40).map { batch($0, at: Self.start, records: 200) }
        for batch in batches { try store.saveDecisionBatch(batch) }
        try moveAll(store, KeptInStore(bytes: 400 << 10), now: Self.start)
        #expect(try rows(store) == batches)
        #expect(try text(files[0]).count < 40 * 200)
        let after = try reopened(store, folder.path)
        #expect(try rows(after) == batches)
    }

    @Test func whatCannotBeTakenApartIsKeptWhole() throws {
        let store = try SQLiteStore(directory: folder.path)
        var odd = batch(1, at: Self.start)
        odd.bytes = [UInt8](repeating: 9, count: 50)
        try store.saveDecisionBatch(odd)
        try store.saveDecisionBatch(batch(2, at: Self.start))
        try moveAll(store, KeptInStore(bytes: 0), now: Self.start)
        #expect(try rows(store) == [odd, batch(2, at: Self.start)])
        #expect(try text(files[0]).count == 4)
    }

    @Test func whatADeadProcessLeftInTheFileIsCut() throws {
        let store = try SQLiteStore(directory: folder.path)
        try store.saveDecisionBatch(batch(1, at: Self.start))
        try moveAll(store, KeptInStore(bytes: 0), now: Self.start)
        let path = archive + "/" + files[0]
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data([1, 2, 3]))
        try file.close()
        try store.saveDecisionBatch(batch(2, at: Self.start))
        try moveAll(store, KeptInStore(bytes: 0), now: Self.start)
        #expect(try text(files[0]).count == 6)
        #expect(try rows(store) == [batch(1, at: Self.start), batch(2, at: Self.start)])
    }

    @Test func aFileThatWasTakenAwayIsNamedAndNotWrittenAnew() throws {
        let store = try SQLiteStore(directory: folder.path)
        try store.saveDecisionBatch(batch(1, at: Self.start))
        try moveAll(store, KeptInStore(bytes: 0), now: Self.start)
        let path = archive + "/" + files[0]
        try FileManager.default.moveItem(atPath: path, toPath: folder.path + "/away")
        #expect(storeError { _ = try rows(store) }?.message.contains(path) == true)
        try store.saveDecisionBatch(batch(2, at: Self.start))
        try moveAll(store, KeptInStore(bytes: 0), now: Self.start)
        #expect(files == ["2026-09-21.2.jsonl.gz"])
        try FileManager.default.moveItem(atPath: folder.path + "/away", toPath: path)
        #expect(try rows(store) == [batch(1, at: Self.start), batch(2, at: Self.start)])
    }

    @Test func changedFileIsRefused() throws {
        let store = try SQLiteStore(directory: folder.path)
        try store.saveDecisionBatch(batch(1, at: Self.start))
        try moveAll(store, KeptInStore(bytes: 0), now: Self.start)
        let path = archive + "/" + files[0]
        let length = try Data(contentsOf: URL(fileURLWithPath: path)).count
        for offset in stride(from: 0, to: length, by: 7) where offset > 9 {
            try damage(path, at: offset)
            #expect(storeError { _ = try rows(store) }?.code == .corrupt, "offset \(offset)")
            try damage(path, at: offset)
        }
        #expect(try rows(store).count == 1)
    }
}
