internal import PenstockCore
internal import Testing

@Suite struct DecisionRecordTests {
    private func read(_ bytes: [UInt8]) -> DecisionRecord? { bytes.withUnsafeBytes { DecisionRecord($0) } }

    private func record(_ kind: DecisionRecord.Kind) -> DecisionRecord {
        var record = DecisionRecord(kind: kind)
        (record.reason, record.wall, record.grant, record.position) = (.rateLimited, -5, 7, 1 << 40)
        (record.viewAge, record.decision, record.traceID) = (.max, 12, Incarnation(high: 1, low: 2))
        record.argumentsDigest = Make.id("arguments")
        (record.action, record.resourceType, record.resourceID, record.callID) = ("pay.sénd", "invoice", "", "call 1")
        (record.priceVersion, record.basis) = ("2026-11", "calls=1 n=5")
        record.amounts = [Amount("usd", 5), Amount("tokens", .max)]
        record.debits = [.init(slice: 3, used: 4), .init(slice: 5, used: 6)]
        record.door = .tcp
        if kind == .counted { (record.count, record.lasted) = (1 << 33, 9) }
        if kind == .decided { record.limit = "budget org usd" }
        return record
    }

    /// The bytes that `write` makes of a decision by a node.
    private func written(_ call: Call, _ node: DecidingNode) -> (bytes: [UInt8], verdict: Verdict, debits: [Debit]) {
        let node = node
        let verdict = node.decide(call)
        let count = DecisionRecord.byteCount(call, verdict, debits: node.enforcement.debits.count)
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            DecisionRecord.write(
                call, verdict, node.enforcement.debits, grant: 2, wall: 99, into: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
        return (bytes, verdict, node.enforcement.debits)
    }

    /// By the name that its caller gave, however much of it was kept; and no place that leads elsewhere is left out.
    @Test(arguments: ["report", String(repeating: "r", count: 701), "a/../b"]) func filterFindsACallByItsName(
        name: String
    ) {
        var record = DecisionRecord(kind: .decided)
        (record.action, record.resourceType, record.resourceID) = (name, "tool", name)
        let bytes = record.bytes
        func isFound(_ change: (inout DecisionFilter) -> Void) -> Bool {
            var filter = DecisionFilter()
            change(&filter)
            return bytes.withUnsafeBytes { filter.takes($0, sequence: 1, of: nil) }
        }
        #expect(isFound { $0.action = Pattern(name) } && isFound { $0.resource = ResourcePattern("tool:\(name)") })
        #expect(isFound { $0.resource = ResourcePattern("tool:\(name.prefix(2))*") })
        #expect(
            !isFound { $0.action = Pattern(name + "x") } && !isFound { $0.resource = ResourcePattern("tool:\(name)x") })
    }

    @Test(arguments: DecisionRecord.Kind.allCases) func everyKindComesBack(kind: DecisionRecord.Kind) {
        #expect(read(record(kind).bytes) == record(kind))
        #expect(read(DecisionRecord(kind: kind).bytes) == DecisionRecord(kind: kind))
    }

    @Test func kindsAndLayoutAreThoseOfVersionFour() {
        #expect(DecisionRecord.Kind.allCases.map(\.rawValue) == [1, 2, 3, 4, 5, 6, 7, 8, 9])
        let bytes = record(.held).bytes
        #expect(bytes[0..<8] == [2, 4, 16, 0, 2, 0, 0, 0])
        #expect(bytes.count == 96 + 12 + 9 + 7 + 6 + 7 + 11 + 1 + 1 + 10 + 3 + 10 + 6 + 32)
        #expect(record(.counted).bytes.count == bytes.count + 16)
        #expect(record(.decided).bytes.count == bytes.count + 2 + 14)
    }

    /// Of a node before the limits that deny were recorded, and before what ends a hold named its grant.
    @Test func recordOfVersionThreeIsReadForEver() throws {
        var expected = record(.decided)
        expected.limit = ""
        let end = 96 + 12 + 9 + 7 + 6 + 7 + 11 + 1
        var bytes = expected.bytes
        (bytes[1], bytes[end...]) = (3, bytes[(end + 2)...])
        #expect(read(bytes) == expected)
        for count in 0..<bytes.count { #expect(read(Array(bytes[..<count])) == nil, "at \(count)") }
        // No node of that version said a debt again.
        var again = record(.owedAgain).bytes
        #expect(read(again) == record(.owedAgain))
        again[1] = 3
        #expect(read(again) == nil)
    }

    /// Bytes of a node before prices were recorded: journals and archives have them.
    @Test func recordOfVersionOneIsReadForEver() throws {
        let text = """
            0201100002000000fbffffffffffffff07000000000000000000000000010000ffffffffffffff7f0c0000000000000001000000\
            000000000200000000000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f09007061792e73c3\
            a96e640700696e766f6963650000060063616c6c20310205000000000000000300757364ffffffffffffff7f0600746f6b656e73\
            0300000000000000040000000000000005000000000000000600000000000000
            """
        var expected = record(.held)
        expected.argumentsDigest = try #require(Digest([UInt8](0..<32)))
        (expected.priceVersion, expected.basis, expected.door) = ("", "", .unknown)
        let bytes = try #require(Hex.decode(text))
        #expect(read(bytes) == expected)
        for count in 0..<bytes.count { #expect(read(Array(bytes[..<count])) == nil, "at \(count)") }
    }

    /// Bytes of a node before doors were recorded.
    @Test func recordOfVersionTwoIsReadForEver() throws {
        let text = """
            0202100002000000fbffffffffffffff07000000000000000000000000010000ffffffffffffff7f0c0000000000000001000000\
            000000000200000000000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f09007061792e73c3\
            a96e640700696e766f6963650000060063616c6c20310700323032362d31310b0063616c6c733d31206e3d350205000000000000\
            000300757364ffffffffffffff7f0600746f6b656e73030000000000000004000000000000000500000000000000060000000000\
            0000
            """
        var expected = record(.held)
        expected.door = .unknown
        expected.argumentsDigest = try #require(Digest([UInt8](0..<32)))
        let bytes = try #require(Hex.decode(text))
        #expect(read(bytes) == expected)
        for count in 0..<bytes.count { #expect(read(Array(bytes[..<count])) == nil, "at \(count)") }
        // No node of that version counted.
        #expect(read([8] + bytes.dropFirst()) == nil)
    }

    @Test(arguments: DecisionRecord.Kind.allCases) func truncatedAnywhereIsRefused(kind: DecisionRecord.Kind) {
        let bytes = record(kind).bytes
        for count in 0..<bytes.count { #expect(read(Array(bytes[..<count])) == nil, "at \(count)") }
    }

    @Test func paddingToAWordIsAcceptedAndMoreIsNot() {
        let bytes = record(.settled).bytes
        for padding in 0..<8 { #expect(read(bytes + [UInt8](repeating: 0, count: padding)) == record(.settled)) }
        #expect(read(bytes + [UInt8](repeating: 0, count: 8)) == nil)
    }

    @Test func unknownKindVersionOrReasonIsRefused() {
        for (offset, value) in [(0, UInt8(0)), (0, 10), (1, 0), (1, 5), (2, 200)] {
            var bytes = record(.decided).bytes
            bytes[offset] = value
            #expect(read(bytes) == nil)
        }
    }

    @Test func textsOverTheLimitAreCut() throws {
        var record = DecisionRecord(kind: .decided)
        record.action = String(repeating: "a", count: 513)
        record.callID = String(repeating: "c", count: 512)
        record.priceVersion = String(repeating: "v", count: 65)
        record.basis = String(repeating: "b", count: 513)
        record.amounts = [Amount(String(repeating: "u", count: 80), 1)]
        let back = try #require(read(record.bytes))
        #expect(back.action == DecisionRecord.kept(record.action))
        #expect(back.callID == record.callID)
        #expect(
            back.priceVersion == DecisionRecord.kept(record.priceVersion, 64)
                && back.basis == DecisionRecord.kept(record.basis))
        #expect(back.amounts == [Amount(DecisionRecord.kept(String(repeating: "u", count: 80), 64), 1)])
    }

    @Test(arguments: [false, true]) func writtenAllowIsWhatIsRead(holds: Bool) throws {
        let node = try DecidingNode([Make.grant("g") { $0.budgets = [Amount("usd", 99), Amount("tokens", 99)] }])
        for _ in 0..<6 { node.fund("usd", 2) }
        let slice = node.fund("tokens", 9)
        node.now += 123
        let call = Make.call {
            $0.amounts = CallAmounts([Amount("usd", 11), Amount("tokens", 9), Amount("calls", 1)])!
            ($0.priceVersion, $0.basis) = ("2026-11", "calls=1")
            ($0.holds, $0.callID, $0.traceID, $0.argumentsDigest) = (
                holds, "call 1", Incarnation(high: 3, low: 4), Make.id("arguments")
            )
        }
        let (bytes, _, debits) = written(call, node)
        let record = try #require(read(bytes))
        #expect(record.kind == (holds ? .held : .decided))
        #expect(record.reason == .none)
        #expect([record.grant, record.position, record.decision] == [2, 2, 0])
        #expect([record.wall, record.viewAge] == [99, 123])
        #expect(
            [record.action, record.resourceType, record.resourceID, record.callID] == [
                "pay.send", "invoice", "42", "call 1",
            ])
        #expect(record.traceID == call.traceID)
        #expect(record.argumentsDigest == call.argumentsDigest)
        #expect([record.priceVersion, record.basis] == ["2026-11", "calls=1"])
        #expect(record.amounts == call.amounts.list)
        #expect(record.debits == debits.map { .init(slice: $0.slice, used: $0.amount) })
        #expect(record.debits.last == .init(slice: slice, used: 9))
        #expect(record.bytes == bytes)
    }

    @Test func writtenDenialHasNoDebitsAndHoldsNothing() throws {
        let node = try DecidingNode([Make.grant("g")])
        let call = Make.call { ($0.action, $0.holds) = ("mail", true) }
        let record = try #require(read(written(call, node).bytes))
        #expect(record.kind == .decided)
        #expect(record.reason == .actionNotAllowed)
        #expect(record.debits == [])
    }

    @Test func writtenTextsOverTheLimitAreCut() throws {
        let node = try DecidingNode([Make.grant("g")])
        let long = String(repeating: "x", count: 600)
        let call = Make.call {
            ($0.action, $0.resourceType, $0.resourceID, $0.callID) = (long, long, long, long)
            ($0.priceVersion, $0.basis) = (long, long)
        }
        let record = try #require(read(written(call, node).bytes))
        #expect(
            [record.action, record.resourceType, record.resourceID, record.callID].allSatisfy {
                $0 == DecisionRecord.kept(long)
            })
        #expect(record.priceVersion == DecisionRecord.kept(long, 64) && record.basis == DecisionRecord.kept(long))
    }

    /// Whoever cuts a name leaves two that look alike.
    @Test(arguments: ["x", "é", "😀", "e\u{301}"], [512, 64]) func whatIsCutSaysSoAndLooksDifferent(
        unit: String, limit: Int
    ) {
        var seen: Set<[UInt8]> = []
        for count in 400...600 {
            for end in ["", "a", "b"] {
                let text = String(repeating: unit, count: count) + end
                let kept = DecisionRecord.kept(text, limit)
                #expect(kept.utf8.count == min(limit, text.utf8.count))
                #expect(text.utf8.count <= limit ? kept == text : kept.contains("…"))
                seen.insert(Array(kept.utf8))
            }
        }
        #expect(seen.count == 201 * 3)
    }

    @Test func hostileBytesAreReadOrRefused() {
        var random = SplitMix(seed: 3)
        let valid = record(.settled).bytes
        for _ in 0..<10_000 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            if let record = read(bytes) { #expect(record.amounts.count <= 16 && record.debits.count <= 4096) }
        }
    }
}
