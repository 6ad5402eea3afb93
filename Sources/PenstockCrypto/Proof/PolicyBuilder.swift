/// Collects a policy's statements and holds each against the laws of ``Policy``, whether it was read or made.
struct PolicyBuilder {
    private(set) var policy = Policy()
    private var keys: Set<Key> = []
    private var names: Set<[UInt8]> = []
    private var members: Set<[UInt8]> = []
    private var hasQuorum = false

    /// Duplicates are counted among logs and among witnesses, not between them.
    private struct Key: Hashable {
        let kind: NoteKey.Kind
        let publicKey: PublicKey
    }

    private static let none = Array("none".utf8)

    mutating func add(_ log: Policy.Log) throws(PolicyFault) {
        try take(log.key, .log)
        policy.logs.append(log)
    }

    mutating func add(_ witness: Policy.Witness) throws(PolicyFault) {
        try take(witness.key, .cosigner)
        try define(witness.name)
        policy.witnesses.append(witness)
    }

    mutating func add(_ group: Policy.Group) throws(PolicyFault) {
        let least = group.threshold.count(of: group.members.count)
        guard least >= 1, least <= group.members.count else { throw .init(.threshold) }
        for member in group.members {
            let octets = Array(member.utf8)
            guard octets != Self.none else { throw .init(.reservedName) }
            guard names.contains(octets) else { throw .init(.undefinedName) }
            guard members.insert(octets).inserted else { throw .init(.memberTwice) }
        }
        try define(group.name)
        policy.groups.append(group)
    }

    /// - Parameter quorum: nil for `none`.
    mutating func setQuorum(_ quorum: String?) throws(PolicyFault) {
        guard !hasQuorum else { throw .init(.duplicateQuorum) }
        if let quorum, !names.contains(Array(quorum.utf8)) { throw .init(.undefinedName) }
        hasQuorum = true
        policy.quorum = quorum
    }

    func finish() throws(PolicyFault) -> Policy {
        guard hasQuorum else { throw .init(.missingQuorum) }
        return policy
    }

    private mutating func take(_ key: NoteKey, _ kind: NoteKey.Kind) throws(PolicyFault) {
        guard key.kind == kind else { throw .init(.wrongKindOfKey) }
        guard keys.insert(Key(kind: kind, publicKey: key.publicKey)).inserted else { throw .init(.duplicateKey) }
    }

    private mutating func define(_ name: String) throws(PolicyFault) {
        let octets = Array(name.utf8)
        guard octets != Self.none else { throw .init(.reservedName) }
        guard names.insert(octets).inserted else { throw .init(.duplicateName) }
    }
}

/// A problem whose line the caller knows.
struct PolicyFault: Error {
    let problem: PolicyError.Problem

    init(_ problem: PolicyError.Problem) {
        self.problem = problem
    }
}
