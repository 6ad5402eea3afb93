/// Calls that must stop.
extension Shard {
    /// Calls under way whose grants are revoked or suspended now: they must stop. Each is named once.
    package mutating func cancelRestricted(under node: borrowing NodeState) -> [Cancelled] {
        guard calls.holdCount > 0, node.hasView else { return [] }
        let onNode = node.view.marks(onNode: node.name)
        var restricted: [(grant: Int32, reason: Reason)] = []
        for grant in calls.holdingGrants {
            let marks = node.view.marks(onGrant: Int(grant)).union(onNode)
            if marks.contains(.revoked) {
                restricted.append((grant, .revoked))
            } else if marks.contains(.suspended) {
                restricted.append((grant, .suspended))
            }
        }
        let cancelled = restricted.flatMap { restricted in
            let credential = node.view.grants[Int(restricted.grant)].credential
            return calls.cancel(grant: restricted.grant).map {
                Cancelled(decision: $0, reason: restricted.reason, credential: credential)
            }
        }
        return cancelled.sorted { $0.decision < $1.decision }
    }

    /// A call under way that must stop, and with which credential it was asked for.
    package struct Cancelled: Equatable, Sendable {
        package var decision: UInt64
        package var reason: Reason
        package var credential: Digest
    }
}
