/// What a node knows: the fold of the log up to a position.
///
/// Law: two views that folded the same prefix answer every question alike, and `canonical` gives equal bytes.
/// Restrictions seen on the urgent lane are the one thing that may run ahead of `position`; they only take
/// authority away, and each merges into the fold when the fold reaches it.
package struct View: Sendable {
    package internal(set) var mesh = ""
    package internal(set) var position: Position = 0
    package internal(set) var settings = Settings.standard
    package internal(set) var members: [String: Member] = [:]
    package internal(set) var tokens: [Digest: TokenState] = [:]
    package internal(set) var symbols = Symbols()
    /// By their handles, which stay theirs: the slot of one that is forgotten goes to another grant.
    package internal(set) var grants = ContiguousArray<GrantRecord>()
    /// The handles of those that are not forgotten, by their positions.
    package internal(set) var handles = ContiguousArray<Int32>()
    package internal(set) var rules = ContiguousArray<GrantRules>()
    package internal(set) var budgets: [Budget] = []
    var budgetOfName: [String: Int] = [:]
    /// Budgets that cover what they match, by their selector's symbol, and those that cover every grant.
    var budgetsOfSymbol: [Symbol: [Int]] = [:]
    var budgetsOfAll: [Int] = []
    package internal(set) var rates: [PlacedRate] = []
    /// By the position of the event that made them.
    package internal(set) var restrictions: [Position: StandingRestriction] = [:]
    /// Their positions.
    var restricted = OrderedPositions()
    /// That no operator has accepted, by position.
    package internal(set) var debts: [Position: OpenDebt] = [:]

    /// Of grants that are good for any audience.
    private(set) var noAudience: Symbol = 0
    var ruleNumbers: [GrantRules: Int32] = [:]
    var ruleUses = ContiguousArray<Int32>()  // How many grants have each of `rules`.
    var freeRules: [Int32] = []
    var freeGrants: [Int32] = []
    var credentials = CredentialIndex()
    var grantOfSymbol: [Symbol: Int32] = [:]
    /// How many grants were delegated from one directly, by its index; of those that have any.
    var children: [Int32: Int32] = [:]
    /// For each symbol, which levels of restriction name it.
    var marks: ContiguousArray<Marks> = []
    /// Of `all`.
    var meshMarks: Marks = []

    package init() {
        noAudience = intern(.audience, "")
    }

    package struct Member: Hashable, Sendable {
        package var keys: NodeKeys
        package var admittedAt: Position
        /// 0 while it belongs.
        package var expelledAt: Position
        package var belongs: Bool { expelledAt == 0 }

        package init(keys: NodeKeys, admittedAt: Position, expelledAt: Position) {
            self.keys = keys
            self.admittedAt = admittedAt
            self.expelledAt = expelledAt
        }
    }

    package struct TokenState: Hashable, Sendable {
        package var token: JoinToken
        package var used: Bool

        package init(token: JoinToken, used: Bool) {
            self.token = token
            self.used = used
        }
    }

    package struct StandingRestriction: Hashable, Sendable {
        package var eventID: Digest
        package var restriction: Restriction
        package var createdAt: WallTime
        package var origin: String

        package init(eventID: Digest, restriction: Restriction, createdAt: WallTime, origin: String) {
            self.eventID = eventID
            self.restriction = restriction
            self.createdAt = createdAt
            self.origin = origin
        }
    }

    /// Which levels of restriction stand on something.
    package struct Marks: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let revoked = Marks(rawValue: 1)
        package static let suspended = Marks(rawValue: 2)
        package static let throttled = Marks(rawValue: 4)
        /// A budget covers it, which no lifting takes away.
        package static let budgeted = Marks(rawValue: 8)
        /// So does a rate.
        package static let rated = Marks(rawValue: 16)
        /// A call under it cost more than it held, and no operator has accepted that.
        package static let frozen = Marks(rawValue: 32)
        /// What lifting a restriction leaves.
        static let lasting: Marks = [.budgeted, .rated, .frozen]
    }
}

extension View.Marks {
    init(_ level: Restriction.Level) {
        switch level {
        case .revoke: self = .revoked
        case .suspend: self = .suspended
        case .throttle, .scale: self = .throttled
        }
    }
}

// MARK: - Questions

extension View {
    /// The member of that name, unless it was expelled.
    package func member(_ name: String) -> NodeKeys? {
        guard let member = members[name], member.belongs else { return nil }
        return member.keys
    }

    package func member(channel key: [UInt8]) -> NodeKeys? {
        members.values.first { $0.belongs && $0.keys.channel == key }?.keys
    }

    @inline(__always)
    func prefetchSlot(_ credential: Digest) { credentials.prefetchSlot(credential) }

    @inline(__always)
    func prefetch(_ credential: Digest) -> Int {
        credentials.prefetch(credential, in: grants)
    }

    @inline(__always)
    package func index(of credential: Digest) -> Int? {
        credentials.find(credential, in: grants)
    }

    package func index(ofGrant id: String) -> Int? {
        symbols.find(.grant, id).flatMap { grantOfSymbol[$0] }.map(Int.init)
    }

    /// Every level that stands on a grant, by any selector, through it or through a grant it was delegated from.
    @inline(__always)
    package func marks(onGrant index: Int) -> Marks {
        var marks = meshMarks
        var index = index
        while true {
            let grant = grants[index]
            marks.formUnion(self.marks[Int(grant.grant)])
            marks.formUnion(self.marks[Int(grant.run)])
            marks.formUnion(self.marks[Int(grant.agent)])
            marks.formUnion(self.marks[Int(grant.agentClass)])
            marks.formUnion(self.marks[Int(grant.principal)])
            marks.formUnion(self.marks[Int(grant.purpose)])
            marks.formUnion(self.marks[Int(grant.audience)])
            marks.formUnion(self.marks[Int(grant.issuer)])
            if grant.parent < 0 { return marks }
            index = Int(grant.parent)
        }
    }

    package func marks(onNode name: String) -> Marks {
        symbols.find(.node, name).map { marks[Int($0)] } ?? []
    }

    package func covers(_ selector: Selector, _ index: Int) -> Bool {
        switch selector {
        case .all: true
        case .node: false
        default: symbol(of: selector).map { covers(selector.kind, $0, index) } ?? false
        }
    }

    func symbol(of selector: Selector) -> Symbol? {
        symbols.find(selector.kind == .subtree ? .grant : selector.kind, selector.value)
    }

    func covers(_ kind: Selector.Kind, _ symbol: Symbol, _ index: Int) -> Bool {
        let grant = grants[index]
        return grant.symbol(kind) == symbol || (grant.parent >= 0 && covers(kind, symbol, Int(grant.parent)))
    }

    /// The level that would stand on a grant that is not in the view yet.
    package func marks(onNewGrant grant: Grant, issuer: String) -> Marks {
        func mark(_ kind: Selector.Kind, _ value: String) -> Marks {
            symbols.find(kind, value).map { marks[Int($0)] } ?? []
        }
        var result = meshMarks.union(mark(.grant, grant.grantID)).union(mark(.run, grant.runID))
        result.formUnion(mark(.agent, grant.agentID))
        result.formUnion(mark(.agentClass, grant.agentClass))
        result.formUnion(mark(.principal, grant.principalID))
        result.formUnion(mark(.purpose, grant.purpose))
        result.formUnion(mark(.audience, grant.audience))
        result.formUnion(mark(.issuer, issuer))
        if let parent = index(ofGrant: grant.parent) { result.formUnion(marks(onGrant: parent)) }
        return result
    }
}
