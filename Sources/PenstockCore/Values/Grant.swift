/// Signed authority for one agent run, as an issuer states it. Empty strings and zeros mean "not set".
public struct Grant: Hashable, Sendable {
    public var grantID = ""
    /// The revocation handle: every grant of a run shares it.
    public var runID = ""
    public var agentID = ""
    public var agentClass = ""
    /// Who delegated: a human, team, service or organisation.
    public var principalID = ""
    public var purpose = ""
    /// The destination service that this grant is good for; empty means any.
    public var audience = ""
    /// SPIFFE id of the workload that may use it; empty means any.
    public var workload = ""
    /// The key that its user must prove to hold; nil: the credential alone is enough.
    public var confirmation: Confirmation?
    /// Exact action names, or prefixes ending in `*`.
    public var allowedActions: [String] = []
    /// `TYPE:PATTERN`, exact or ending in `*`. None means that no resource is allowed.
    public var resources: [String] = []
    public var conditions: [Condition] = []
    public var notBefore: WallTime = 0
    public var expiresAt: WallTime = 0
    /// Renewals may move the expiry up to here; 0 forbids them.
    public var renewableUntil: WallTime = 0
    public var budgets: [Amount] = []
    public var maxAmounts: [Amount] = []
    /// Of its own, one for a unit, without names.
    package var rates: [Rate] = []
    /// Named budgets that this grant draws on besides its own.
    public var draws: [String] = []
    /// The oldest view that may decide on this grant, in milliseconds; 0 takes the mesh's.
    public var maxStalenessMS: UInt32 = 0
    /// Decide only on an echo sent after the call arrived.
    public var linearizable = false
    /// How long past the lease low-risk actions may go on; 0 denies when stale.
    public var graceMS: UInt32 = 0
    /// The grant that this one was delegated from. What a child leaves unset of run, principal, audience, workload,
    /// time, staleness and amounts is as its parent has it.
    public var parent = ""
    /// How many further levels may be delegated from it; 0 forbids any.
    public var delegate: UInt32 = 0
    public var credentialDigest = Digest.zero
    public var approvalActions: [String] = []
    public var policyVersion = ""
    public var promptHash: [UInt8] = []
    public var toolVersion = ""

    public init() {}
}
