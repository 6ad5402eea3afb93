internal import PenstockCore

/// One thing that a person, an agent or a fault does, with all it needs to be done again.
enum Action: CustomStringConvertible {
    case call(machine: Int, grant: Int, amount: Int64, holds: Bool, callID: Int)
    case issue(seed: UInt64)
    case budget(seed: UInt64)
    case ceiling(seed: UInt64)
    case acceptDebts
    case settleDebt(seed: UInt64)
    case change(seed: UInt64)
    case restrict(level: Int, kind: Selector.Kind, grant: Int, machine: Int, waitMS: Int64, forMS: Int64)
    case lift(Int)
    case renew(Int)
    case bounds(seed: UInt64)
    case batch(machine: Int)
    case fault(FaultKind, machine: Int, lasts: Int64, amount: Int)

    var description: String {
        switch self {
        case .call(let machine, let grant, let amount, let holds, let id):
            """
            machine \(machine) is asked for \(amount) on \
            g\(grant)\(holds ? ", held" : "")\(id > 0 ? ", call \(id)" : "")
            """
        case .issue(let seed): "a grant is issued (\(seed))"
        case .budget(let seed): "a budget is created (\(seed))"
        case .ceiling(let seed): "a ceiling is set (\(seed))"
        case .acceptDebts: "the debts are accepted"
        case .settleDebt(let seed): "a debt is settled at another amount (\(seed))"
        case .change(let seed): "a budget or a rate is changed or closed (\(seed))"
        case .restrict(let level, let kind, let grant, let machine, let wait, let duration):
            """
            \(["revoke", "suspend", "throttle", "scale"][level]) by \(kind.name) of g\(grant)/machine \(machine), \
            waits \(wait) ms\(duration > 0 ? ", for \(duration) ms" : "")
            """
        case .lift(let number): "restriction \(number) of those standing is lifted"
        case .renew(let grant): "g\(grant) is renewed"
        case .bounds(let seed): "the mesh's bounds are changed (\(seed))"
        case .batch(let machine): "machine \(machine) logs a batch of decisions"
        case .fault(let kind, let machine, let lasts, let amount):
            "\(kind.rawValue) at machine \(machine), \(lasts / 1_000_000) ms, \(amount)"
        }
    }
}

/// Where actions come from: drawn as time goes on, and noted down; or replayed from notes.
struct Plan {
    var random: SimRandom
    private(set) var taken: [(time: Int64, action: Action)] = []
    let replayed: [(time: Int64, action: Action)]?

    init(seed: UInt64) {
        random = SimRandom(seed: SimRandom.mix(seed ^ 4))
        replayed = nil
    }

    init(replaying actions: [(time: Int64, action: Action)]) {
        random = SimRandom(seed: 0)
        replayed = actions
    }

    mutating func note(_ action: Action, at time: Int64) { taken.append((time, action)) }
}
