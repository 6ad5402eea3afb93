/// What a grant allows, apart from whom and when. Grants of one shape share one.
package struct GrantRules: Hashable, Sendable {
    package var actions: [Pattern]
    package var resources: [ResourcePattern]
    package let compiled: [CompiledCondition]
    package var budgets: [Amount]
    package var maxAmounts: [Amount]
    package var draws: [String]
    /// Its own; those of the grants above it bound it as well.
    package var rates: [Rate]
    /// It has a rate of its own, or a grant above it has.
    package var isRated: Bool
    /// Units of its own budgets and of those it draws on: a call that spends one needs a slice.
    package var meteredUnits: [String] { didSet { metersCalls = meteredUnits.contains("calls") } }
    /// Every call of it is one of its budget of calls, or of one that it draws on.
    package private(set) var metersCalls: Bool
    package var approvalActions: [Pattern]
    package var workload: String
    /// Of the texts above: grants whose texts only Unicode takes for the same have rules of their own.
    private var exact: [ByteText]
    package var maxStalenessMS: UInt32
    package var linearizable: Bool
    package var graceMS: UInt32
    /// How many further levels may be delegated.
    package var delegate: UInt32

    package init(_ grant: Grant, unitOf: (String) -> String?) {
        let drawn = grant.draws.compactMap(unitOf)
        meteredUnits = Set(grant.budgets.map(\.unit) + drawn).sorted()
        metersCalls = meteredUnits.contains("calls")
        actions = grant.allowedActions.map { Pattern($0) }
        resources = grant.resources.compactMap(ResourcePattern.init)
        compiled = grant.conditions.map(CompiledCondition.init)
        self.budgets = grant.budgets
        maxAmounts = grant.maxAmounts
        draws = grant.draws
        rates = grant.rates
        isRated = !grant.rates.isEmpty
        approvalActions = grant.approvalActions.map { Pattern($0) }
        workload = grant.workload
        exact = ([workload] + draws + meteredUnits + (budgets + maxAmounts).map(\.unit) + rates.map(\.unit)).map(
            ByteText.init)
        maxStalenessMS = grant.maxStalenessMS
        linearizable = grant.linearizable
        graceMS = grant.graceMS
        delegate = grant.delegate
    }
}
