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
    var restricted = RestrictionIndex()
    /// That no operator has accepted, by position.
    package internal(set) var debts: [Position: OpenDebt] = [:]
    /// How many of them each grant has made, and each decision.
    var debtsOfGrant: [String: Int32] = [:]
    var debtsOfDecision: [OpenDebt.Decision: Int32] = [:]

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
    /// How many grants a symbol covers through the grants above them alone; of those that cover any so.
    var coveredFromAbove: [Symbol: Int32] = [:]
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
}

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
}
