internal import Foundation
package import PenstockCore
internal import PenstockCrypto
internal import PenstockLedger
package import PenstockNode
internal import PenstockStore
internal import PenstockWire

/// A log in a file of its own: made from a running ledger's answers, and put in the place of a stopped ledger's log.
package struct LogBackup: Encodable {
    package var position: UInt64
    package var root: String

    private static let page = 1000

    package static func make(_ file: String, of client: LedgerClient, progress: (Position) -> Void) throws -> LogBackup
    {
        guard !FileManager.default.fileExists(atPath: file) else {
            throw NodeError(.configuration, "\(file) exists; name another file")
        }
        let folder = file + ".partial"
        try PrivateFile.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var audit = LogAudit()
        let store = try StoreFolder.open(folder)
        var events: [NewEvent] = []
        func flush() throws {
            audit.verifySignatures()
            if let problem = audit.problems.first {
                throw NodeError(.protocolError, "the log is wrong at \(problem); nothing was backed up")
            }
            let behind = audit.tree.size - UInt64(events.count)
            guard case .appended = try store.append(events, ifHead: behind, epoch: 0) else {
                throw NodeError(.protocolError, "\(folder) is in use")
            }
            events = []
        }
        try client.readLog { position, entry in
            audit.take(entry, at: position)
            if audit.problemCount > 0 { try flush() }
            events.append(NewEvent(id: try SignedEvent(entry: entry).event.id, bytes: entry))
            if events.count == page { try flush() }
            if position.isMultiple(of: 10_000) { progress(position) }
        }
        try flush()
        if audit.state.epoch > 0 { _ = try store.openEpoch(audit.state.epoch, ifHead: store.head()) }
        try store.close()
        try FileManager.default.moveItem(atPath: folder + "/log.sqlite", toPath: file)
        return LogBackup(position: audit.tree.size, root: audit.tree.root.hex)
    }

    package static func restore(
        _ file: String, to data: String, without: [String], isDryRun: Bool, confirm: (String) throws -> Void
    ) throws -> LogBackup {
        guard FileManager.default.fileExists(atPath: file) else {
            throw NodeError(.configuration, "there is no \(file)")
        }
        try check(data)
        let incoming = data + "/restoring"
        try PrivateFile.makeFolder(data)
        try? FileManager.default.removeItem(atPath: incoming)
        try PrivateFile.makeFolder(incoming)
        defer { try? FileManager.default.removeItem(atPath: incoming) }
        try FileManager.default.copyItem(atPath: file, toPath: incoming + "/log.sqlite")
        let audit = try read(incoming, file)
        let there = try position(in: data)
        for name in without where audit.state.view.member(name)?.role != .enforcer {
            throw NodeError(.notFound, "the backup knows no enforcer '\(name)'")
        }
        if !isDryRun { try confirm("Replace the log in \(data) (\(there)) by \(file), position \(audit.tree.size)?") }
        let report = LogBackup(position: audit.tree.size, root: audit.tree.root.hex)
        if isDryRun { return report }
        try RestoreMarker(position: audit.tree.size, without: without).save(data)
        try StateSnapshots.removeAll(in: data)
        // What belongs to the log that was there, and would be taken for this one's.
        let suffix = ".replaced-\(Int(Date().timeIntervalSince1970))"
        for name in ["log.sqlite-wal", "log.sqlite-journal", "log.sqlite", "archive/log"] {
            let old = data + "/" + name
            guard FileManager.default.fileExists(atPath: old) else { continue }
            try FileManager.default.moveItem(atPath: old, toPath: old + suffix)
        }
        try FileManager.default.moveItem(atPath: incoming + "/log.sqlite", toPath: data + "/log.sqlite")
        return report
    }

    /// Refuses a folder that is no ledger's: a name with a slip in it would get a log that no ledger ever reads.
    private static func check(_ data: String) throws(NodeError) {
        let names = try? FileManager.default.contentsOfDirectory(atPath: data)
        if let names, names.isEmpty || names.contains(where: { $0.hasPrefix("log.sqlite") }) { return }
        let parent = Paths.folder(of: data)
        if names == nil, !FileManager.default.fileExists(atPath: data), (try? Identity.load(parent))?.role == .ledger {
            return
        }
        let why = names != nil ? "holds no log" : "is no folder"
        let hint =
            FileManager.default.fileExists(atPath: data + "/data/log.sqlite")
            ? "\(data)/data does"
            : "--data is what 'data' says in the ledger's configuration; a new one is made first, empty"
        throw NodeError(.configuration, "\(data) \(why): \(hint)")
    }

    private static func read(_ folder: String, _ file: String) throws -> LogAudit {
        var audit = LogAudit()
        do {
            let store = try StoreFolder.open(folder)
            let head = try store.head().position
            while audit.tree.size < head {
                for stored in try store.read(from: audit.tree.size + 1, maxCount: 4096, maxBytes: 16 << 20) {
                    audit.take(stored.bytes, at: stored.position)
                }
            }
            try store.close()
        } catch {
            throw NodeError(.configuration, "\(file) cannot be used: \(printed(error))")
        }
        audit.verifySignatures()
        guard audit.tree.size > 0 else { throw NodeError(.configuration, "\(file) holds no log") }
        if let problem = audit.problems.first { throw NodeError(.configuration, "\(file) is wrong at \(problem)") }
        return audit
    }

    /// In words: the log that is there may be what is broken.
    private static func position(in data: String) throws -> String {
        guard FileManager.default.fileExists(atPath: data + "/log.sqlite") else { return "none there" }
        do {
            let store = try StoreFolder.open(data)
            let head = try store.head().position
            try store.close()
            return "position \(head)"
        } catch let error where error.code == .locked {
            throw NodeError(.configuration, "\(data) is in use; stop the ledger first")
        } catch {
            return "unreadable"
        }
    }
}
