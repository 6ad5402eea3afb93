package import Foundation
package import PenstockCore
internal import PenstockCrypto
internal import PenstockJSON
internal import PenstockNode

/// A grant as a JSON file states it, with the names of `grant show`.
package struct GrantFile: Decodable {
    var agentId: String
    var runId: String?
    var agentClass: String?
    var principalId: String?
    var purpose: String?
    var audience: String?
    var workload: String?
    var confirmation: [String: String]?
    var allowedActions: [String]
    var resources: [String]?
    var conditions: [String]?
    var notBefore: String?
    var expiresAt: String?
    var ttlMs: Int64?
    var renewableUntil: String?
    var budgets: [String: Int64]?
    var maxAmounts: [String: Int64]?
    var rates: [String: String]?
    var draws: [String]?
    var maxStalenessMs: UInt32?
    var linearizable: Bool?
    var graceMs: UInt32?
    var parent: String?
    var delegate: UInt32?
    var approvalActions: [String]?
    var policyVersion: String?
    var promptHash: String?
    var toolVersion: String?

    static func newID(_ prefix: String) -> String { "\(prefix)_\(Base64URL.encode(SecureRandom.bytes(16)))" }

    static func read(_ path: String) throws -> Grant {
        return try parse(Data(TextFile.read("the grant", path).utf8), path)
    }

    /// - Parameter path: for what it says when the data is no grant.
    package static func parse(_ data: Data, _ path: String) throws -> Grant {
        let json: JSON
        do {
            // A reader that takes the first of two members and one that takes the last see different grants.
            json = try JSONParser.parse(Array(data))
        } catch {
            throw NodeError(.configuration, "\(path) is no JSON that has one meaning: \(error.text)")
        }
        guard let names = json.members?.map(\.key) else {
            throw NodeError(.configuration, "\(path) is no JSON object")
        }
        if let unknown = names.sorted().first(where: { name in !members.contains { $0.name == name } }) {
            throw NodeError(.configuration, "\(path) has a member '\(unknown)', which no grant has in this version")
        }
        do {
            return try decode(json).grant()
        } catch is DecodingError {
            throw NodeError(.configuration, "\(path): \(problem(json))")
        } catch let error as NodeError {
            throw NodeError(.configuration, "\(path): \(error.message)")
        }
    }

    /// Every member of the file, and what it has to be: also what `grant issue --help` says about it.
    static let members: [(name: String, what: String)] = [
        ("agent_id", "a text"), ("run_id", "a text"), ("agent_class", "a text"), ("principal_id", "a text"),
        ("purpose", "a text"),
        ("audience", "a text"), ("workload", "a text"),
        ("confirmation", "an object with one of \"jkt\" and \"x5t#S256\""), ("allowed_actions", "a list of texts"),
        ("resources", "a list of texts"),
        ("conditions", "a list of texts"), ("not_before", "an RFC 3339 time"), ("expires_at", "an RFC 3339 time"),
        ("ttl_ms", "a whole number"), ("renewable_until", "an RFC 3339 time"),
        ("budgets", "an object of whole numbers"),
        ("max_amounts", "an object of whole numbers"), ("rates", "an object of texts, such as {\"calls\": \"10/1s\"}"),
        ("draws", "a list of texts"), ("max_staleness_ms", "a whole number, 1 and more"),
        ("linearizable", "true or false"), ("grace_ms", "a whole number"), ("parent", "a text"),
        ("delegate", "a whole number, the levels that may be delegated"), ("approval_actions", "a list of texts"),
        ("policy_version", "a text"), ("prompt_hash", "a text"), ("tool_version", "a text"),
    ]

    private static func decode(_ json: JSON) throws -> GrantFile {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(GrantFile.self, from: Data(json.bytes))
    }

    private static func problem(_ json: JSON) -> String {
        for name in ["agent_id", "allowed_actions"] where json[name] == nil { return "'\(name)' is missing" }
        // The error does not always say where it was, so each member is tried by itself.
        let least = JSON.members(["agent_id": .string(""), "allowed_actions": .array([])])
        for (name, what) in members {
            guard let value = json[name] else { continue }
            if (try? decode(least.setting(name, value))) == nil {
                return "'\(name)' must be \(what)"
            }
        }
        return "it cannot be read as a grant"
    }
}
