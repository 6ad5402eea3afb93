/// A one-time right to join under a role; only its hash is ever in the log.
package struct JoinToken: Hashable, Sendable {
    package var hash: Digest
    package var role: Role
    package var expiresAt: WallTime

    package init(hash: Digest, role: Role, expiresAt: WallTime) {
        self.hash = hash
        self.role = role
        self.expiresAt = expiresAt
    }
}
