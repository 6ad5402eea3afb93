internal import PenstockCore
internal import PenstockJSON

/// Members of a question's body, each with a message of its own where it is no such thing.
extension EvaluationCodec {
    /// What is there and not null.
    static func present(_ json: JSON?) -> JSON? { if case .null? = json { nil } else { json } }

    static func object(_ json: JSON, _ name: String, required: Bool) throws(Problem) -> JSON {
        guard let value = present(json[name]) else {
            if required { throw Problem(400, "\(name) is missing") }
            return .object([])
        }
        guard value.members != nil else { throw Problem(400, "\(name) must be an object") }
        return value
    }

    static func text(_ json: JSON, _ name: String, in place: String) throws(Problem) -> String {
        guard let value = present(json[name]) else { throw Problem(400, "\(place).\(name) is missing") }
        guard let text = value.text else { throw Problem(400, "\(place).\(name) must be a string") }
        return text
    }

    static func optionalText(_ context: JSON, _ name: String) throws(Problem) -> String {
        guard let value = present(context[name]) else { return "" }
        guard let text = value.text else { throw Problem(400, "context.\(name) must be a string") }
        return text
    }

    static func flag(_ context: JSON, _ name: String) throws(Problem) -> Bool {
        guard let value = present(context[name]) else { return false }
        guard let flag = value.flag else { throw Problem(400, "context.\(name) must be true or false") }
        return flag
    }

    /// `Digest.zero` when there is none, so that the gatekeeper denies it in its own words.
    static func credential(_ context: JSON, _ headers: Headers, _ hashing: Hashing) throws(Problem) -> Digest {
        let inBody = try optionalText(context, "credential")
        let inHeader = bearer(headers.authorization) ?? ""
        guard inBody.isEmpty || inHeader.isEmpty || inBody == inHeader else {
            throw Problem(400, "context.credential and the Authorization header name different grants")
        }
        return hashing.credentialDigest(inBody.isEmpty ? inHeader : inBody) ?? .zero
    }

    /// A credential of ours in an `Authorization` header.
    static func bearer(_ authorization: String?) -> String? {
        token(authorization).flatMap { $0.hasPrefix("pst_") ? $0 : nil }
    }

    /// A bearer token (RFC 6750 section 2.1).
    static func token(_ authorization: String?) -> String? {
        guard let header = authorization, header.prefix(7).lowercased() == "bearer " else { return nil }
        return String(header.dropFirst(7).drop { $0 == " " })
    }

    static func argumentsDigest(_ context: JSON, _ hashing: Hashing) throws(Problem) -> Digest {
        let digest = try optionalText(context, "arguments_digest")
        if let arguments = present(context["arguments"]) {
            guard digest.isEmpty else { throw Problem(400, "context names arguments and their digest; one will do") }
            return hashing.hash(arguments.canonicalBytes)
        }
        guard !digest.isEmpty else { return .zero }
        guard let digest = Digest(hex: digest) else {
            throw Problem(400, "context.arguments_digest must be 64 hexadecimal digits")
        }
        return digest
    }

    static func patience(_ context: JSON) throws(Problem) -> Duration? {
        guard let value = present(context["patience_ms"]) else { return nil }
        guard let milliseconds = value.int64, milliseconds >= 0 else {
            throw Problem(400, "context.patience_ms must be a whole number")
        }
        return .milliseconds(min(milliseconds, HTTPLimits.patienceMS))
    }
}
