package import PenstockCore
package import PenstockJSON

/// How calls, decisions and amounts look in JSON: OpenID AuthZEN 1.0, with what Penstock adds under `context`.
/// The door and its client share it.
package enum EvaluationCodec {
    /// Whom a question is about, as its caller says.
    package struct Subject: Sendable, Hashable {
        package var type: String
        package var id: String
    }

    /// A call as it was asked about.
    package struct Question: Sendable {
        package var call: Call
        package var subject = Subject(type: "", id: "")
        /// Whether it shows a credential, of whatever kind: its grant is named by that alone then.
        package var hasCredential = false
        /// How long the caller wants to wait, if it says.
        package var patience: Duration?
    }

    /// Why a body is not a question: an HTTP status and a message for people.
    package struct Problem: Error, Hashable, Sendable {
        package var status: Int
        package var message: String

        package init(_ status: Int, _ message: String) {
            self.status = status
            self.message = message
        }
    }

    package static func parse(_ body: [UInt8]) throws(Problem) -> JSON {
        do {
            return try JSONParser.parse(body)
        } catch {
            throw Problem(400, body.isEmpty ? "the body is empty" : error.text)
        }
    }

    /// `{"calls": 1}`
    package static func amounts(_ json: JSON) throws(Problem) -> [Amount] {
        guard let members = json.members else { throw Problem(400, "amounts must be an object of whole numbers") }
        var amounts: [Amount] = []
        for member in members {
            guard let value = member.value.int64, value >= 0 else {
                throw Problem(400, "amount of \(member.key.prefix(64)) must be a whole number, not negative")
            }
            amounts.append(Amount(member.key, value))
        }
        return amounts
    }

    package static func json(_ amounts: [Amount]) -> JSON {
        .object(amounts.map { JSON.Member($0.unit, .integer($0.value)) })
    }
}

// MARK: - Prices

extension EvaluationCodec {
    /// `price_version` and `basis`, as the caller declares them: recorded, not understood.
    ///
    /// - Parameter place: what comes before their names in a message.
    package static func priced(_ json: JSON, in place: String) throws(Problem) -> Priced {
        Priced(
            version: try declared(json, "price_version", Limits.priceVersionBytes, place),
            basis: try declared(json, "basis", Limits.basisBytes, place))
    }

    private static func declared(_ json: JSON, _ name: String, _ limit: Int, _ place: String) throws(Problem) -> String
    {
        guard let value = present(json[name]) else { return "" }
        if let text = value.text, text.utf8.count <= limit { return text }
        throw Problem(400, "\(place)\(name) must be a string of at most \(limit) bytes")
    }

    /// The body of `settle`.
    package static func json(_ actual: [Amount], _ priced: Priced) -> JSON {
        .members([
            "amounts": json(actual), "price_version": priced.version.isEmpty ? nil : .string(priced.version),
            "basis": priced.basis.isEmpty ? nil : .string(priced.basis),
        ])
    }
}
