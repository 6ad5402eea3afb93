extension Policy {
    /// - Parameter text: lines of fields between spaces and tabs; `#` starts a comment line; the last newline may be
    ///   missing.
    package init(parsing text: [UInt8]) throws(PolicyError) {
        guard text.count <= Self.maximumBytes else { throw PolicyError(line: 1, problem: .tooLong) }
        var lines = text.split(separator: Octet.newline, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        var builder = PolicyBuilder()
        var statements = 0
        for (offset, line) in lines.enumerated() {
            do throws(PolicyFault) {
                guard let fields = try Self.fields(of: line) else { continue }
                statements += 1
                guard statements <= Self.maximumStatements else { throw PolicyFault(.tooLong) }
                try Self.read(fields, into: &builder)
            } catch {
                throw PolicyError(line: offset + 1, problem: error.problem)
            }
        }
        do throws(PolicyFault) {
            self = try builder.finish()
        } catch {
            throw PolicyError(line: lines.count + 1, problem: error.problem)
        }
    }

    package init(parsing text: String) throws(PolicyError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// A policy made by a program, held to the same laws as one that was read: the lines of its errors are those of
    /// ``text``.
    package init(
        logs: [Log], witnesses: [Witness] = [], groups: [Group] = [], quorum: String? = nil
    ) throws(PolicyError) {
        var made = Policy()
        made.logs = logs
        made.witnesses = witnesses
        made.groups = groups
        made.quorum = quorum
        let names = witnesses.map(\.name) + groups.map(\.name) + groups.flatMap(\.members)
        let fields = names + logs.compactMap(\.url) + witnesses.compactMap(\.url)
        guard fields.allSatisfy(Self.isField) else { throw PolicyError(line: 1, problem: .notAField) }
        try self.init(parsing: made.text)
    }

    /// Logs, witnesses, groups and the quorum, one on each line.
    package var text: String {
        var lines = logs.map { ["log", $0.key.vkey, $0.url] }
        lines += witnesses.map { ["witness", $0.name, $0.key.vkey, $0.url] }
        lines += groups.map { ["group", $0.name, $0.threshold.text] + $0.members }
        lines.append(["quorum", quorum ?? "none"])
        return lines.reduce(into: "") { $0 += $1.compactMap(\.self).joined(separator: " ") + "\n" }
    }

    private static func isField(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > Octet.space && $0 != 0x7F }
    }

    /// Nil for an empty line and for a comment.
    private static func fields(of line: ArraySlice<UInt8>) throws(PolicyFault) -> [String]? {
        guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == Octet.tab }) else { throw .init(.controlCharacter) }
        let octets = line.split { $0 == Octet.space || $0 == Octet.tab }
        guard let first = octets.first, first.first != Octet.number else { return nil }
        let fields = octets.compactMap { String(validating: $0, as: UTF8.self) }
        guard fields.count == octets.count else { throw .init(.notUTF8) }
        return fields
    }

    private static func read(_ fields: [String], into builder: inout PolicyBuilder) throws(PolicyFault) {
        switch (fields[0], fields.count) {
        case ("log", 2...3):
            try builder.add(Log(key: key(fields[1]), url: fields.count > 2 ? fields[2] : nil))
        case ("witness", 3...4):
            try builder.add(Witness(name: fields[1], key: key(fields[2]), url: fields.count > 3 ? fields[3] : nil))
        case ("group", 4...):
            guard let threshold = Threshold(text: fields[2]) else { throw .init(.threshold) }
            try builder.add(Group(name: fields[1], threshold, of: Array(fields[3...])))
        case ("quorum", 2):
            try builder.setQuorum(fields[1].hasSameOctets(as: "none") ? nil : fields[1])
        case ("log", _), ("witness", _), ("group", _), ("quorum", _):
            throw .init(.wrongNumberOfFields)
        default:
            throw .init(.unknownKeyword)
        }
    }

    private static func key(_ vkey: String) throws(PolicyFault) -> NoteKey {
        do throws(NoteKeyError) {
            return try NoteKey(vkey: vkey)
        } catch {
            throw .init(.key(error))
        }
    }
}

extension Policy.Threshold {
    init?(text: String) {
        switch text {
        case "any": self = .any
        case "all": self = .all
        default:
            guard let count = DecimalNumber.parse(text.utf8).flatMap({ Int(exactly: $0) }) else { return nil }
            self = .atLeast(count)
        }
    }

    var text: String {
        switch self {
        case .any: "any"
        case .all: "all"
        case .atLeast(let count): "\(count)"
        }
    }
}
