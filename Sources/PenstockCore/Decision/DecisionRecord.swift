/// How a decision lies in the journal and travels to the ledger: little-endian, version 4.
///
/// ```
/// u8 kind  u8 version  u16 reason  u32 count of debits  i64 wall ms  u64 grant position  u64 view position
/// i64 view age ns  u64 decision (the sequence that kinds other than 1 speak of)
/// 16 trace id  32 arguments digest
/// then texts, each u16 length + UTF-8: action, resource type, resource id, call id,
/// and since version 2 price version, basis
/// since version 3 u8 door, and for kind 8 u64 count, i64 ns that it was counted for
/// since version 4, for kind 1 a text: which limit denied it
/// then u8 count of amounts, each i64 value, u16 length + unit
/// then the debits, each u64 slice, i64 amount
/// ```
/// What ends the hold of an earlier run names that run in the place of the arguments' digest, of which ends have none.
/// Since version 4, what ends a hold names the grant and the call of the decision that it ends, and kind 9 is there.
/// Texts longer than `textBytes` are cut, and say so: see `kept`.
package struct DecisionRecord: Hashable, Sendable {
    package var kind: Kind
    package var reason: Reason = .none
    package var wall: WallTime = 0
    package var grant: Position = 0
    package var position: Position = 0
    package var viewAge: Nanoseconds = 0
    package var decision: UInt64 = 0
    package var traceID = Incarnation.unknown
    package var argumentsDigest = Digest.zero
    package var action = ""
    package var resourceType = ""
    package var resourceID = ""
    package var callID = ""
    /// Where the amounts come from: see `Priced`.
    package var priceVersion = ""
    package var basis = ""
    package var amounts: [Amount] = []
    package var debits: [SliceReport.Use] = []
    package var door = Door.unknown
    /// Of kind `counted`: how many denials, and for how long they were counted.
    package var count: UInt64 = 0
    package var lasted: Nanoseconds = 0
    /// Of kind `decided`: which limit denied it, as `Shortage.text`.
    package var limit = ""

    package enum Kind: UInt8, Sendable, CaseIterable {
        /// Allowed and spent, or denied.
        case decided = 1
        /// Allowed; the debits are held until a later record.
        case held
        /// Ends a hold; the amounts are what the call cost, the debits what went back.
        case settled
        /// Ends a hold whose call never left; all went back.
        case released
        /// The allow of an earlier sequence was not given out: its debits went back, and the amounts if it had spent
        /// them.
        case voided
        /// How much of each open slice is used, holds included: stands for all records before it.
        case carried
        /// Real cost above an ended hold: the amounts are owed, until the ledger has been told.
        case owed
        /// Stands for denials of one door, reason and, if there is one, grant that are not recorded themselves.
        case counted
        /// Says again what an `owed` record before it has said, as that one may go.
        case owedAgain
    }

    package init(kind: Kind) { self.kind = kind }

    /// How a hold ended that was open when its run did: nobody says any more what it cost, so it is charged in full.
    package init(ending held: DecisionRecord, _ decision: UInt64, of run: Incarnation) {
        self.init(kind: .settled)
        (self.decision, reason, grant) = (decision, .expired, held.grant)
        argumentsDigest = Digest(run.bytes + [UInt8](repeating: 0, count: Digest.byteCount - Incarnation.byteCount))!
        (action, resourceType, resourceID) = (held.action, held.resourceType, held.resourceID)
        (callID, traceID, door) = (held.callID, held.traceID, held.door)
        (priceVersion, basis, amounts) = (held.priceVersion, held.basis, held.amounts)
    }

    /// The run whose decision it ends, where that was an earlier one.
    package var endedRun: Incarnation? {
        kind.endsDecision && argumentsDigest != .zero
            ? Incarnation(argumentsDigest.bytes.prefix(Incarnation.byteCount)) : nil
    }

    /// A text as long as its bound at most. What is cut ends in "…" and a hash of the whole, so that two that only
    /// differ further on do not look alike (FNV-1a; it tells texts apart, and proves nothing).
    package static func kept(_ text: String, _ limit: Int = textBytes) -> String {
        guard text.utf8.count > limit else { return text }
        let hash = text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        let mark = "…" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
        let bytes = text.utf8
        var end = bytes.index(bytes.startIndex, offsetBy: limit - mark.utf8.count)
        var gap = 0
        while bytes[end] & 0xc0 == 0x80 { (end, gap) = (bytes.index(before: end), gap + 1) }
        return String(text[..<end]) + String(repeating: ".", count: gap) + mark
    }

    static let version: UInt8 = 4
    static let textBytes = 512
    /// The name of a budget or a grant's unit, a unit, and which of them it is.
    static let limitBytes = 512
    static let fixedBytes = 4 + 4 + 8 + 8 + 8 + 8 + 8 + 16 + 32
}
