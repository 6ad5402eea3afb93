package import Foundation
package import PenstockCore
internal import PenstockCrypto
internal import PenstockHTTP
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
        do {
            // A reader that takes the first of two members and one that takes the last see different grants.
            _ = try JSONParser.parse(Array(data))
        } catch {
            throw NodeError(.configuration, "\(path) is no JSON that has one meaning: \(error.text)")
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else { throw NodeError(.configuration, "\(path) is no JSON object") }
        if let unknown = object.keys.sorted().first(where: { name in !members.contains { $0.name == name } }) { throw NodeError(.configuration, "\(path) has a member '\(unknown)', which no grant has in this version") }
        do {
            return try decoder.decode(GrantFile.self, from: data).grant()
        } catch let error as DecodingError {
            throw NodeError(.configuration, "\(path): \(problem(error, object))")
        } catch let error as NodeError {
            throw NodeError(.configuration, "\(path): \(error.message)")
        }
    }

    /// Every member of the file, and what it has to be: also what `grant issue --help` says about it.
    static let members: [(name: String, what: String)] = [
        ("agent_id", "a text"), ("run_id", "a text"), ("agent_class", "a text"), ("principal_id", "a text"), ("purpose", "a text"),
        ("audience", "a text"), ("workload", "a text"), ("allowed_actions", "a list of texts"), ("resources", "a list of texts"),
        ("conditions", "a list of texts"), ("not_before", "an RFC 3339 time"), ("expires_at", "an RFC 3339 time"),
        ("ttl_ms", "a whole number"), ("renewable_until", "an RFC 3339 time"), ("budgets", "an object of whole numbers"),
        ("max_amounts", "an object of whole numbers"), ("rates", "an object of texts, such as {\"calls\": \"10/1s\"}"), ("draws", "a list of texts"), ("max_staleness_ms", "a whole number, 1 and more"),
        ("linearizable", "true or false"), ("grace_ms", "a whole number"), ("parent", "a text"), ("delegate", "a whole number, the levels that may be delegated"), ("approval_actions", "a list of texts"),
        ("policy_version", "a text"), ("prompt_hash", "a text"), ("tool_version", "a text"),
    ]

    private static func problem(_ error: DecodingError, _ object: [String: Any]) -> String {
        for name in ["agent_id", "allowed_actions"] where object[name] == nil { return "'\(name)' is missing" }
        // The error does not always say where it was, so each member is tried by itself.
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        for (name, what) in members {
            guard let value = object[name] else { continue }
            let alone = (["agent_id": "", "allowed_actions": [String]()] as [String: Any]).merging([name: value]) { $1 }
            let data = try? JSONSerialization.data(withJSONObject: alone)
            if data.flatMap({ try? decoder.decode(GrantFile.self, from: $0) }) == nil { return "'\(name)' must be \(what)" }
        }
        return "it cannot be read as a grant"
    }

    private func grant() throws -> Grant {
        let texts = [
            ("agent_id", agentId), ("run_id", runId), ("agent_class", agentClass), ("principal_id", principalId), ("purpose", purpose),
            ("audience", audience), ("workload", workload), ("parent", parent), ("policy_version", policyVersion), ("prompt_hash", promptHash),
            ("tool_version", toolVersion),
        ]
        // As if it were left out it would lift a bound, or name nobody.
        if let (name, _) = texts.first(where: { $0.1?.isEmpty == true }) { throw NodeError(.configuration, "'\(name)' is empty: leave it out for none") }
        var grant = Grant()
        grant.grantID = Self.newID("grt")
        grant.parent = parent ?? ""
        grant.delegate = delegate ?? 0
        grant.runID = runId ?? (grant.parent.isEmpty ? Self.newID("run") : "")
        grant.agentID = agentId
        (grant.agentClass, grant.principalID, grant.purpose) = (agentClass ?? "", principalId ?? "", purpose ?? "")
        (grant.audience, grant.workload) = (audience ?? "", workload ?? "")
        grant.allowedActions = allowedActions
        grant.resources = resources ?? []
        grant.conditions = try (conditions ?? []).map {
            guard let condition = Grant.Condition(parsing: $0) else { throw NodeError(.configuration, "'conditions': '\($0)' is not 'PATH OP VALUE'") }
            return condition
        }
        grant.notBefore = try time("not_before", notBefore) ?? 0
        let lifetime = try lifetime()
        grant.expiresAt = try time("expires_at", expiresAt) ?? (ttlMs == nil && !grant.parent.isEmpty ? 0 : Clocks.wall() + lifetime)
        grant.renewableUntil = try time("renewable_until", renewableUntil) ?? 0
        grant.budgets = (budgets ?? [:]).sorted { $0.key < $1.key }.map { Amount($0.key, $0.value) }
        grant.maxAmounts = (maxAmounts ?? [:]).sorted { $0.key < $1.key }.map { Amount($0.key, $0.value) }
        grant.rates = try (rates ?? [:]).sorted { $0.key < $1.key }.map { unit, text in
            guard let rate = RateText(argument: text) else { throw NodeError(.configuration, "'rates': '\(text)' is not N/DURATION, perhaps with ,burst=B") }
            return Rate(unit: unit, limit: rate.limit, periodMS: rate.periodMS, burst: rate.burst)
        }
        grant.draws = draws ?? []
        guard maxStalenessMs != 0 else { throw NodeError(.configuration, "'max_staleness_ms' must be 1 and more; leave it out for the mesh's") }
        grant.maxStalenessMS = maxStalenessMs ?? 0
        grant.linearizable = linearizable ?? false
        grant.graceMS = graceMs ?? 0
        grant.approvalActions = approvalActions ?? []
        grant.policyVersion = policyVersion ?? ""
        grant.toolVersion = toolVersion ?? ""
        guard let hash = Hex.decode(promptHash ?? "") else { throw NodeError(.configuration, "'prompt_hash' must be hexadecimal") }
        grant.promptHash = hash
        return grant
    }

    /// From now, in milliseconds.
    private func lifetime() throws -> Int64 {
        guard let ttlMs else { return 900_000 }
        guard expiresAt == nil else { throw NodeError(.configuration, "'ttl_ms' and 'expires_at' are both there: one of them says when it expires") }
        guard ttlMs > 0, ttlMs <= Times.last - Clocks.wall() else { throw NodeError(.configuration, "'ttl_ms' must be 1 and more, and end before the year 10000") }
        return ttlMs
    }

    private func time(_ name: String, _ text: String?) throws -> WallTime? {
        guard let text else { return nil }
        guard let time = Times.parse(text) else { throw NodeError(.configuration, "'\(name)' must be an RFC 3339 time from 1970 to 9999, such as 2030-01-31T12:00:00Z") }
        // In the log it would say that the time was left out.
        guard time > 0 else { throw NodeError(.configuration, "'\(name)' is the first moment of 1970, by which nobody means a time: leave it out for none") }
        return time
    }
}
