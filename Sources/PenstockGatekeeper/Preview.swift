public import PenstockCore

/// What a call would come to.
public struct Preview: Sendable, Hashable {
    public var reason: Reason
    /// How long that is known: to the end of the lease or of the grant, in milliseconds.
    public var validForMS: Int64
    /// What else there is to say to a person.
    public var detail: String

    public init(reason: Reason, validForMS: Int64 = 0, detail: String = "") {
        self.reason = reason
        self.validForMS = validForMS
        self.detail = detail
    }
}

/// A call under way that must stop.
public struct Cancellation: Sendable, Hashable {
    /// Empty for a restriction of anybody.
    public var decisionID: String
    public var reason: Reason
    /// Whose call it is; zero where that is not known, or it is about anybody.
    public var credential: Digest

    public init(decisionID: String, reason: Reason, credential: Digest = .zero) {
        self.decisionID = decisionID
        self.reason = reason
        self.credential = credential
    }
}
