/// One tool call, as an enforcement point asks about it.
public struct Call: Sendable {
    public var presented: Presented
    public var action: String
    public var resourceType: String
    public var resourceID: String
    public var amounts: CallAmounts
    /// What a grant's conditions are held against: texts, numbers as `ExactNumber.canonical` writes them, and booleans.
    public var attributes: [String: String]
    /// Those that are lists of such.
    public var lists: [String: [String]] = [:]
    /// Makes a retry the same call, at this node; empty means that every call is new.
    public var callID: String
    /// SHA-256 of the arguments: recorded in place of them.
    public var argumentsDigest: Digest
    public var traceID: Incarnation
    /// Settled later, by `settle` or `release`; otherwise the amounts are spent at once.
    public var holds: Bool
    /// The view must have applied this position.
    public var atLeast: UInt64
    /// Decide only on an echo sent after the call arrived, whatever the grant says.
    public var linearizable = false
    /// Where the amounts come from, for the record; see `Priced`. What exceeds its limits is cut.
    public var priceVersion: String
    public var basis: String
    public var door: Door
    /// Whoever stands before the tool cannot tell what the call asks for: it is denied as malformed, and recorded.
    public var isMalformed = false

    public init(
        _ presented: Presented, action: String, resourceType: String, resourceID: String,
        amounts: CallAmounts = CallAmounts(), attributes: [String: String] = [:], callID: String = "",
        argumentsDigest: Digest = .zero, traceID: Incarnation = .unknown, holds: Bool = false, atLeast: UInt64 = 0,
        priceVersion: String = "",
        basis: String = "", door: Door = .library
    ) {
        self.presented = presented
        self.action = action
        self.resourceType = resourceType
        self.resourceID = resourceID
        self.amounts = amounts
        self.attributes = attributes
        self.callID = callID
        self.argumentsDigest = argumentsDigest
        self.traceID = traceID
        self.holds = holds
        self.atLeast = atLeast
        self.priceVersion = priceVersion
        self.basis = basis
        self.door = door
    }

    @inlinable
    public var credential: Digest {
        get { presented.credential }
        set { presented.credential = newValue }
    }

    /// Whether it says what is at a path.
    func has(_ path: String) -> Bool {
        attributes.value(forBytes: path) != nil || lists.value(forBytes: path) != nil
    }
}

/// Up to `Limits.amountsPerCall` amounts of different units, held in line.
public struct CallAmounts: Sendable {
    @usableFromInline var storage: InlineArray<4, Amount> = InlineArray(repeating: Amount("", 0))
    public private(set) var count = 0

    public init() {}

    /// Nil when there are too many, a unit comes twice, or a value lies outside 0…`Limits.amount`.
    public init?(_ amounts: some Sequence<Amount>) {
        self.init(declared: amounts)
        guard isWithinLimits else { return nil }
    }

    /// What a caller asks for. A value above `Limits.amount` stays as it is, for the decision to deny it and record
    /// that; nothing is ever settled at one.
    public init?(declared amounts: some Sequence<Amount>) {
        for amount in amounts {
            guard count < Limits.amountsPerCall, amount.value >= 0, !amount.unit.isEmpty, amount.unit.utf8.count <= 64
            else { return nil }
            for index in 0..<count where storage[index].unit == amount.unit { return nil }
            storage[count] = amount
            count += 1
        }
    }

    /// Whether each value is one that a budget can be charged with.
    package var isWithinLimits: Bool {
        for index in 0..<count where storage[index].value > Limits.amount { return false }
        return true
    }

    /// How many with one of the unit `calls`, where that is not 0.
    @inline(__always)
    package func count(calls: Int64) -> Int { count + (calls > 0 && index(of: "calls") == nil ? 1 : 0) }

    /// One more, of another unit, where there is room.
    package mutating func add(_ amount: Amount) {
        precondition(count < Limits.amountsPerCall, "a call has at most so many amounts")
        storage[count] = amount
        count += 1
    }

    @inline(__always)
    package subscript(_ index: Int) -> Amount { storage[index] }

    @inline(__always)
    package func index(of unit: String) -> Int? {
        for index in 0..<count where storage[index].unit == unit { return index }
        return nil
    }

    public var list: [Amount] { (0..<count).map { storage[$0] } }
}
