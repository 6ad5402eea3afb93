internal import PenstockCrypto
internal import Testing

@Suite struct PolicyTests {
    private static func key(_ name: String, _ kind: NoteKey.Kind, seed: UInt8) -> NoteKey {
        let key = try? SigningKey(seed: [UInt8](repeating: seed, count: 32))
        guard let key, let noteKey = try? NoteKey(name: name, kind: kind, publicKey: key.publicKey) else {
            preconditionFailure("a valid name and seed")
        }
        return noteKey
    }

    private static let log = key("log.example", .log, seed: 1)
    private static let witnesses = (0..<6).map { key("w\($0).example", .cosigner, seed: UInt8(10 + $0)) }

    /// The specification's example: two of the Xs and any of the Ys.
    private static let nested = """
        # trusted since the genesis event
        log \(log.vkey) https://log.example/

        witness X1 \(witnesses[0].vkey)
        \twitness  X2 \(witnesses[1].vkey) https://w1.example/
        witness X3 \(witnesses[2].vkey)
        group X-witnesses 2 X1 X2 X3
          # a comment
        witness Y1 \(witnesses[3].vkey)
        witness Y2 \(witnesses[4].vkey)
        group Y-witnesses any Y1 Y2
        group X-and-Y all X-witnesses Y-witnesses
        quorum X-and-Y
        """

    @Test func nestedGroupsAreCounted() throws {
        let policy = try Policy(parsing: Self.nested)
        #expect(policy.isQuorumMet(by: ["X1", "X3", "Y2"]))
        #expect(policy.isQuorumMet(by: ["X1", "X2", "X3", "Y1", "Y2"]))
        #expect(!policy.isQuorumMet(by: ["X1", "Y1", "Y2"]))
        #expect(!policy.isQuorumMet(by: ["X1", "X2", "X3"]))
        #expect(!policy.isQuorumMet(by: ["X1", "X1", "Y1"]))
        #expect(!policy.isQuorumMet(by: []))
    }

    @Test func textRoundTrips() throws {
        let policy = try Policy(parsing: Self.nested)
        #expect(policy.logs == [Policy.Log(key: Self.log, url: "https://log.example/")])
        #expect(policy.witnesses.map(\.name) == ["X1", "X2", "X3", "Y1", "Y2"])
        #expect(policy.groups[0] == Policy.Group(name: "X-witnesses", .atLeast(2), of: ["X1", "X2", "X3"]))
        #expect(try Policy(parsing: policy.text) == policy)
        #expect(
            try Policy(
                logs: policy.logs, witnesses: policy.witnesses, groups: policy.groups, quorum: policy.quorum) == policy)
    }

    @Test func quorumOfNoneOrOne() throws {
        let none = try Policy(logs: [.init(key: Self.log)])
        #expect(none.text == "log \(Self.log.vkey)\nquorum none\n")
        #expect(none.isQuorumMet(by: []))
        let one = try Policy(
            logs: [], witnesses: [.init(name: "W", key: Self.witnesses[0])], quorum: "W")
        #expect(one.isQuorumMet(by: ["W"]))
        #expect(!one.isQuorumMet(by: ["V"]))
    }

    /// The specification's own warning: a Kelvin sign is not a K, though Swift's `==` says so.
    @Test func namesAreOctets() throws {
        let policy = try Policy(
            logs: [],
            witnesses: [.init(name: "K", key: Self.witnesses[0]), .init(name: "\u{212A}", key: Self.witnesses[1])],
            groups: [.init(name: "G", .all, of: ["K", "\u{212A}"])], quorum: "G")
        #expect(!policy.isQuorumMet(by: ["K"]))
        #expect(policy.isQuorumMet(by: ["K", "\u{212A}"]))
    }

    @Test func commentsMayBeAnyOctetsButNamesUTF8() throws {
        _ = try Policy(parsing: Array("# ".utf8) + [0xFF] + Array("\nquorum none\n".utf8))
        #expect(throws: PolicyError(line: 2, problem: .notUTF8)) {
            try Policy(parsing: Array("quorum none\ngroup ".utf8) + [0xFF] + Array(" any x\n".utf8))
        }
    }

    @Test(arguments: [
        ("", 1, PolicyError.Problem.missingQuorum),
        ("log LOG\n", 2, .missingQuorum),
        ("quorum none\nquorum none\n", 2, .duplicateQuorum),
        ("quorum W\nwitness W W0\n", 1, .undefinedName),
        ("quorum a b\n", 1, .wrongNumberOfFields),
        ("log LOG LOG LOG\n", 1, .wrongNumberOfFields),
        ("witness W\n", 1, .wrongNumberOfFields),
        ("group G any\n", 1, .wrongNumberOfFields),
        ("trust LOG\n", 1, .unknownKeyword),
        ("Log LOG\n", 1, .unknownKeyword),
        ("log W0\n", 1, .wrongKindOfKey),
        ("witness W LOG\n", 1, .wrongKindOfKey),
        ("log nonsense\n", 1, .key(.malformed)),
        ("log LOG\n\nlog LOG\n", 3, .duplicateKey),
        ("witness A W0\nwitness B W0\n", 2, .duplicateKey),
        ("witness A W0\nwitness A W1\n", 2, .duplicateName),
        ("witness A W0\ngroup A any A\n", 2, .duplicateName),
        ("witness none W0\n", 1, .reservedName),
        ("witness A W0\ngroup none any A\n", 2, .reservedName),
        ("group G any none\n", 1, .reservedName),
        ("group G any A\nwitness A W0\n", 1, .undefinedName),
        ("witness A W0\ngroup G any G\n", 2, .undefinedName),
        ("witness A W0\ngroup G any A A\n", 2, .memberTwice),
        ("witness A W0\ngroup G any A\ngroup H any A\n", 3, .memberTwice),
        ("witness A W0\ngroup G 0 A\n", 2, .threshold),
        ("witness A W0\ngroup G 2 A\n", 2, .threshold),
        ("witness A W0\ngroup G 01 A\n", 2, .threshold),
        ("witness A W0\ngroup G some A\n", 2, .threshold),
        ("quorum none\r\n", 1, .controlCharacter),
    ])
    func malformedIsRefusedWithItsLine(text: String, line: Int, problem: PolicyError.Problem) {
        var filled = text
        for (name, key) in [("LOG", Self.log), ("W0", Self.witnesses[0]), ("W1", Self.witnesses[1])] {
            filled = filled.split(separator: name, omittingEmptySubsequences: false).joined(separator: key.vkey)
        }
        #expect(throws: PolicyError(line: line, problem: problem)) { try Policy(parsing: filled) }
    }

    @Test func namesWithoutAWrittenFormAreRefused() {
        for name in ["", "a b", "a\nb"] {
            #expect(throws: PolicyError(line: 1, problem: .notAField)) {
                try Policy(logs: [], witnesses: [.init(name: name, key: Self.witnesses[0])])
            }
        }
    }

    @Test func tooLongIsRefused() throws {
        let padding = [UInt8](repeating: UInt8(ascii: "\n"), count: Policy.maximumBytes - 12)
        _ = try Policy(parsing: padding + Array("quorum none\n".utf8))
        #expect(throws: PolicyError(line: 1, problem: .tooLong)) {
            try Policy(parsing: padding + Array("\nquorum none\n".utf8))
        }
    }

    @Test func tooManyStatementsAreRefused() throws {
        let keys = try (0..<Policy.maximumStatements).map { _ in
            Policy.Log(key: try NoteKey(name: "log", kind: .log, publicKey: SigningKey.generate().publicKey))
        }
        #expect(throws: PolicyError(line: Policy.maximumStatements + 1, problem: .tooLong)) { try Policy(logs: keys) }
        #expect(try Policy(logs: keys.dropLast()).logs.count == Policy.maximumStatements - 1)
    }
}
