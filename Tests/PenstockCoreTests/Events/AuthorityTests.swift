internal import PenstockCore
internal import Testing

/// The golden table of who may cause what. A line a kind, a letter a role that may:
/// `l`edger, `e`nforcer, `i`ssuer, `o`perator, `a`uditor.
@Suite struct AuthorityTests {
    private static let permitted = [
        "genesis": "l",
        "node_admitted": "l",
        "node_expelled": "o",
        "join_token_made": "o",
        "epoch_opened": "l",
        "settings_changed": "o",
        "grant_issued": "i",
        "grant_renewed": "i",
        "restricted": "o",
        "lifted": "lo",
        "budget_created": "o",
        "budget_ceiling_set": "o",
        "budget_warned": "l",
        "window_opened": "l",
        "debt_recorded": "e",
        "debts_accepted": "o",
        "rate_created": "o",
        "rate_changed": "o",
        "rate_closed": "o",
        "budget_changed": "o",
        "budget_closed": "o",
        "debt_settled": "o",
        "slice_reserved": "l",
        "spend_reported": "e",
        "slice_closed": "eo",
        "decision_batch": "e",
        "time_accepted": "o",
        "time_noted": "l",
        "forgotten": "l",
    ]

    /// Nothing that the ledger writes itself can be sent to it.
    private static let submittable = [
        "genesis": "",
        "node_admitted": "",
        "node_expelled": "o",
        "join_token_made": "o",
        "epoch_opened": "",
        "settings_changed": "o",
        "grant_issued": "i",
        "grant_renewed": "i",
        "restricted": "o",
        "lifted": "o",
        "budget_created": "o",
        "budget_ceiling_set": "o",
        "budget_warned": "",
        "window_opened": "",
        "debt_recorded": "e",
        "debts_accepted": "o",
        "rate_created": "o",
        "rate_changed": "o",
        "rate_closed": "o",
        "budget_changed": "o",
        "budget_closed": "o",
        "debt_settled": "o",
        "slice_reserved": "",
        "spend_reported": "e",
        "slice_closed": "eo",
        "decision_batch": "e",
        "time_accepted": "o",
        "time_noted": "",
        "forgotten": "",
    ]

    @Test func rolesAreThoseOfTheTable() {
        #expect(Role.allCases.map(\.name) == ["ledger", "enforcer", "issuer", "operator", "auditor"])
    }

    @Test func kindsAreThoseOfTheTable() {
        let kinds = EventKind.Name.allCases.map(\.rawValue).sorted()
        #expect(kinds == Self.permitted.keys.sorted())
        #expect(kinds == Self.submittable.keys.sorted())
    }

    @Test(arguments: Role.allCases, EventKind.Name.allCases)
    func permitsIsTheTable(role: Role, kind: EventKind.Name) throws {
        let letters = try #require(Self.permitted[kind.rawValue])
        #expect(Authority.permits(role, kind) == letters.contains(role.name.first!))
    }

    @Test(arguments: Role.allCases, EventKind.Name.allCases)
    func maySubmitIsTheTable(role: Role, kind: EventKind.Name) throws {
        let letters = try #require(Self.submittable[kind.rawValue])
        #expect(Authority.maySubmit(role, kind) == letters.contains(role.name.first!))
    }
}
