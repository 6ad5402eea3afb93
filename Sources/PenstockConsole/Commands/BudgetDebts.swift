internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto

extension BudgetCommand {
    struct AcceptDebt: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "accept-debt",
            abstract:
                """
                Settle real cost above what was held: as it was reported, or at --amount; the grant and its \
                budgets are free again.
                """,
            discussion: """
                'budget show' names the log positions of a budget's open debts. Only debts that are named are settled.
                A report that cannot be true is settled at what you believe, or at 0: penstock budget accept-debt 18 \
                --amount 0
                What was reported, what is charged and who says so stay in the log.
                """)
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Log positions of debts.") var positions: [UInt64]
        @Option(
            help:
                """
                Charge so much of each in place of what was reported, 0 included: N, or UNIT=N where a debt has \
                several units; may be repeated.
                """
        ) var amount: [SettledText] = []
        @Option(help: "Why; it stays in the log.") var reason = ""

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator)
                struct Row: Encodable {
                    var accepted: [UInt64]
                    var position: UInt64
                    var reported: [String: Int64]?
                    var charged: [String: Int64]?
                }
                guard !amount.isEmpty else {
                    let submitted = try client.change(.debtsAccepted(positions, reason: reason))
                    return try Output.print(Row(accepted: positions, position: submitted.position), mesh.output) {
                        [["\(positions.count) debts accepted, position \(submitted.position)"]]
                    }
                }
                // All of them are looked at before one is settled.
                let settlements = try positions.map { try settlement(of: $0, client) }
                var rows: [Row] = []
                for settlement in settlements {
                    let submitted = try client.change(.debtSettled(settlement, reason: reason))
                    func units(_ amounts: [Amount]) -> [String: Int64] {
                        Dictionary(amounts.map { ($0.unit, $0.value) }, uniquingKeysWith: max)
                    }
                    rows.append(
                        Row(
                            accepted: [settlement.position], position: submitted.position,
                            reported: units(settlement.reported), charged: units(settlement.charged)))
                }
                try Output.print(list: rows, mesh.output) {
                    zip(settlements, rows).map { settlement, row in
                        let parts = zip(settlement.reported, settlement.charged).map {
                            "\($0.value) \($0.unit) reported, \($1.value) charged"
                        }
                        return [
                            "debt \(settlement.position): \(parts.joined(separator: "; ")), position \(row.position)"
                        ]
                    }
                }
            }
        }

        private func settlement(of position: UInt64, _ client: LedgerClient) throws -> DebtSettlement {
            guard let debt = try client.debt(at: position) else {
                throw NodeError(.notFound, "no debt was recorded at position \(position)")
            }
            let charged = try debt.amounts.map { reported in
                let named =
                    amount.first { $0.unit == reported.unit }
                    ?? (debt.amounts.count == 1 ? amount.first { $0.unit.isEmpty } : nil)
                guard let named else {
                    throw NodeError(
                        .configuration,
                        """
                        the debt of position \(position) has \
                        \(debt.amounts.map { "\($0.value) \($0.unit)" }.joined(separator: ", ")): say --amount \
                        UNIT=N for each
                        """
                    )
                }
                return Amount(reported.unit, named.value)
            }
            return DebtSettlement(position: position, reported: debt.amounts, charged: charged)
        }
    }
}

/// `N`, or `UNIT=N`.
struct SettledText: ExpressibleByArgument {
    var unit = ""
    var value: Int64

    init?(argument: String) {
        if let value = Int64(argument), value >= 0 {
            self.value = value
        } else if let amount = AmountText(argument: argument) {
            (unit, value) = (amount.unit, amount.value)
        } else {
            return nil
        }
    }
}

extension LedgerClient {
    /// The debt that the event of a position records; nil where it records none.
    func debt(at position: Position) throws -> Debt? {
        guard case .debtRecorded(let debt)? = try event(at: position)?.kind else { return nil }
        return debt
    }
}
