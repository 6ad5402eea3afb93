/// Every bound on what a peer may send or make us keep, with its reason.
public enum Limits {
    /// An entry bundle of C2SP tlog-tiles counts an entry's length in 16 bits.
    package static let eventBytes = 65_535
    /// An id or name: longer than any UUID, URN or SPIFFE id in use, short enough to index by the hundred thousand.
    public static let idBytes = 256
    /// A free text such as a reason.
    package static let textBytes = 1_024
    /// Patterns, conditions, budgets or draws of one grant: a decision walks them.
    package static let grantListCount = 64
    /// Units of one call: held in line, without the heap.
    public static let amountsPerCall = 4
    /// An amount: sums of 2¹⁶ of them still fit 64 bits.
    package static let amount: Int64 = 1 << 46
    /// A ceiling: above every debt that two absurd reports can leave, and beside `sum` it still fits 64 bits.
    package static let ceiling: Int64 = 1 << 60
    /// Units that a tolerance for debts names.
    package static let toleranceUnits = 16
    /// What one budget is ever charged with, all debts together: beside a ceiling, it still fits 64 bits.
    package static let sum: Int64 = 1 << 62
    /// Restrictions standing at once: a view keeps them all.
    package static let restrictions = 100_000
    /// Enforcement nodes: an echo table and a barrier walk them.
    package static let nodes = 1_000
    /// Slices of one report: keeps the event under its size.
    package static let usesPerReport = 1_000
    /// Urgent positions of one acknowledgement: a node acknowledges what it has taken since the last one.
    package static let urgentPerAck = 512
    /// Messages that one turn of the ledger reads, one of each sender in turn.
    package static let messagesPerTurn = 1_024
    /// What one member may be sent in answer to queries, and how much of it at once: it lies in the ledger's memory
    /// until it is read, and the kernel closes a connection that takes nothing for `SocketLimits.tcpMaximumRetransmit`.
    package static let replyBytesPerSecond: Int64 = 64 << 20
    package static let replyBurstBytes: Int64 = 16 << 20
    /// Incarnations of one node that may hold a lease at once: restarts within one bound B, and rolling updates.
    package static let incarnationsPerNode = 16
    /// Bytes of entries in one commit, and how many: what the store keeps room for ahead. More is committed in turn.
    package static let commitBytes = 1 << 20
    package static let commitEvents = 1_024
    /// Events behind a snapshot of the ledger's state: a start folds so many in about half a second.
    package static let eventsPerStateSnapshot: Position = 50_000
    /// Cosignatures that wait to be written, of 200 bytes each: those of every node for as many restrictions as have
    /// barriers at a small mesh.
    package static let cosignaturesWaiting = 65_536
    /// Restrictions that one event lifts: 32 bytes each keep it far under an event's size.
    package static let liftedAtOnce = 1_000
    /// Milliseconds that a grant is kept at least after its end, and a join token. A node's clock may lag behind the
    /// ledger's by a part of this: it denies a call as expired before it knows nothing of the grant.
    public static let keptMS: Int64 = 5_000
    /// … and where the ledger's settings do not say how long: a node that comes back after a week has nothing left to
    /// tell of a grant that its log does not have.
    public static let keptUsuallyMS: Int64 = 7 * 86_400_000
    /// What one event forgets: every fold of it takes well below a millisecond, in which a revoke waits.
    package static let forgottenAtOnce = 256
    /// Ids of forgotten grants that a ledger remembers, with where the log has them: 16 bytes each, so that no id is
    /// issued again. With more, it forgets no grant.
    package static let forgottenGrants = 1 << 24
    /// Calls under way at one node, and of one grant: beyond the ceiling, each of them can cost more than it held once.
    package static let openHolds = 65_536
    package static let openHoldsPerGrant = 1_024
    /// How long after its permit's end a hold may stay open: longer than any tool call, short enough that what is lost
    /// comes to an end.
    package static let holdTime: Nanoseconds = 3_600 * .nanosecondsPerSecond
    /// Holds that have been open for too long and are ended in one turn: decisions wait meanwhile.
    package static let holdsEndedPerTurn = 64
    /// Calls that wait at one node for news, and of one grant: each is a task and an entry of a table, a few KiB.
    package static let callsWaiting = 16_384
    package static let callsWaitingPerGrant = 1_024
    /// Ids of settled calls that one node remembers, and of one grant: a retry comes within seconds.
    package static let callIDs = 131_072
    package static let callIDsPerGrant = 16_384
    /// Restrictions whose time to be taken up runs, each its own: four a barrier that is waited for would be too many
    /// already.
    package static let restrictionsExpected = 256
    /// Barriers waited for at once.
    package static let barriers = 1_024
    /// … and by one member: a command waits for one.
    package static let barriersPerMember = 256
    /// Roots of the log that a node keeps: a checkpoint comes within so many positions of its own.
    package static let recentRoots: Position = 4_096
    /// Checkpoints that a node waits for, or has to cosign: somebody waits for as many barriers at most.
    package static let checkpointsWaiting = barriers
    /// A snapshot in memory, and its chunks under way: the link is never idle, and what is urgent waits for few.
    package static let (snapshotBytes, snapshotChunks) = (8 << 30, 8)
    /// Echoes under way at one enforcer: at four a lease, three leases' worth.
    package static let echoesOutstanding = 16
    /// Slices of one incarnation that are open at once.
    package static let openSlices = 250_000
    /// Debts of one node that no operator has accepted: every view keeps them.
    package static let openDebts = 4_096
    /// Incarnations of one node whose owner is remembered though nothing of them is open: more than restarts in the
    /// time in which anything of an old one can be told.
    package static let ownedPerNode = 256
    /// Incarnations of one node that have slices or debts open: what crashes leave until a successor, or an operator,
    /// has closed it. Each makes the slices smaller that others get of the same budget.
    package static let openPerNode = 64
    /// Milliseconds that the ledger's wall clock may be off its continuous one without being held for an operator: a
    /// leap second, and what a clock's daemon steps by at once.
    package static let clockToleranceMS: Int64 = 1_500
    /// Milliseconds after which the ledger notes the time in its log, where something has expired that no event is
    /// younger than: a log that was idle must not let it live again.
    package static let timeNoteMS: Int64 = 60_000
    /// Milliseconds by which a wall clock may be ahead of the log at a machine's start without a word: a day out of
    /// service.
    package static let clockGapMS: Int64 = 86_400_000
    /// Join attempts a second that are looked at, over all comers and from one network address.
    package static let joinsPerSecond = 40
    package static let joinsPerSecondOfAddress = 20
    /// Handshakes of strangers a second: each costs the I/O thread of strangers a tenth of a millisecond or more.
    package static let joinHandshakesPerSecond = 200
    package static let joinHandshakesPerSecondOfAddress = 100
    /// Answers a second that say "busy" to strangers; more attempts go unanswered.
    package static let joinBusyAnswersPerSecond = 100
    /// Network addresses of strangers that are counted apart, within a second.
    package static let joinAddresses = 1024
    /// A request to join has keys, a name and a proof: some 300 bytes.
    package static let joinRequestBytes = 4096
    /// Bytes of one page: fetched events, snapshot chunks, shipped decisions. What is larger keeps what is urgent
    /// waiting.
    package static let pageBytes = 256 * 1024
    /// Rows of one page of a list: nodes, barriers, budgets, slices. Each is below 1.5 KiB, so that a page fits one
    /// message.
    package static let rowsPerPage = 400
    /// Grants, budgets or restrictions that are looked at for one page of a list: well below a millisecond, in which a
    /// revoke waits.
    package static let grantsPerPart = 4_096
    /// Questions of one member about decisions whose grants are still looked for: a command asks one after another, and
    /// each has its turn.
    package static let grantLookupsPerMember = 4
    /// Grants whose end is compared with a time in one turn: half a millisecond.
    package static let grantsExpiringPerPart = 65_536
    /// As above, where each is asked whether it would allow a call.
    package static let grantsAskedPerPart = 512
    /// Live grants of one subject that a question without a credential is decided among: an agent has one for each of
    /// its runs.
    package static let grantsPerSubject = 1_024
    /// Subjects whose grants a node remembers, so as not to look for them again: those of one credential each take
    /// some hundred bytes.
    package static let subjectsRemembered = 4_096
    /// Readings of all grants for one page of a search: a page may be empty and not be the last.
    package static let readingsPerSearch = 4
    /// Open debts that a budget's row names; of more it says how many.
    package static let debtsPerRow = 64
    /// Decisions that are shipped as soon as so many wait; fewer, after a moment.
    package static let decisionsPerBatch: UInt64 = 1_000
    /// Named budgets: every view keeps them all.
    package static let budgets = 10_000
    /// Budgets one under another: a slice is drawn on each.
    package static let budgetDepth = 8
    /// Requests for slices that wait at the ledger for something to come back.
    package static let reservesWaiting = 1_000
    /// … and of one node.
    package static let reservesWaitingPerNode = 100
    /// Requests for slices whose outcome is remembered at least, and half of those that are at most: several times what
    /// can wait, with a quarter of a KiB each in every copy of the ledger's state.
    package static let requestsRemembered = 4_096
    /// Levels below a grant: a decision walks up to its root.
    public static let delegationDepth: UInt32 = 8
    /// Rules of a price table: every call walks them.
    package static let priceRules = 256
    /// What names a price table: a date, a tag or a digest.
    public static let priceVersionBytes = 64
    /// What was measured of one call: it lies in the record of every spend.
    public static let basisBytes = 512
    /// A slice of time in which denials are counted: short enough for an audit to tell when, long enough for few
    /// records.
    package static let tallySlice: Nanoseconds = 10 * .nanosecondsPerSecond
    /// Denials of one door and reason that are recorded themselves in a slice, where no grant is known: anybody can
    /// cause them, so they are samples.
    package static let samplesWithoutGrant = 4
    /// Denials of one grant, door and reason that are recorded themselves in a slice: what a person reads to see why an
    /// agent is denied. The rest of a loop is a number.
    package static let samplesOfGrant = 16
    /// Grants, doors and reasons whose denials are counted apart in a slice; beyond, by door and reason alone.
    package static let talliedGrants = 1_024
    /// One part in so many of a journal is kept for calls of known grants: denials leave it.
    package static let journalPartForCalls = 4
    /// One part in so many of the room left in a crowded journal is one grant's: fifty that take theirs leave one in
    /// twenty.
    package static let journalShare = 16
    /// Where a priced quantity stands in a call or its result.
    package static let pricePathBytes = 128
}
