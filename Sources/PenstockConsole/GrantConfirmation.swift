internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode

/// The member `confirmation` of a grant, as RFC 7800 has it: one of `jkt` (RFC 9449) and `x5t#S256` (RFC 8705).
enum GrantConfirmation {
    /// - Throws: unless there is one of the two, and it is a thumbprint.
    static func confirmation(_ members: [String: String]) throws(NodeError) -> Confirmation {
        guard members.count == 1, let (name, text) = members.first else { throw wrong }
        let digest = try thumbprint(text, "'confirmation'")
        switch name {
        case "jkt": return .key(digest)
        case "x5t#S256": return .certificate(digest)
        default: throw wrong
        }
    }

    static func members(_ confirmation: Confirmation) -> [String: String] {
        switch confirmation {
        case .key(let digest): ["jkt": Base64URL.encode(digest.bytes)]
        case .certificate(let digest): ["x5t#S256": Base64URL.encode(digest.bytes)]
        }
    }

    /// - Parameter name: of what has the text, for people.
    static func thumbprint(_ text: String, _ name: String) throws(NodeError) -> Digest {
        guard let bytes = Base64URL.decode(text), let digest = Digest(bytes) else {
            throw NodeError(
                .configuration, "\(name): a thumbprint is a SHA-256 in base64url, 43 characters without padding")
        }
        return digest
    }

    private static let wrong = NodeError(.configuration, "'confirmation' has one of 'jkt' and 'x5t#S256'")
}
