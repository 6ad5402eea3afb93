internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto

extension BudgetCommand {
    struct SetTolerance: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-tolerance",
            abstract:
                """
                How much real cost above a hold freezes nothing: by unit, and as a part of a ceiling. The greater \
                one counts.
                """,
            discussion: """
                Example: penstock budget set-tolerance usd_micros=50000 1%

                A debt up to it is charged as any spend. Above it, it freezes its grant until 'budget accept-debt'; \
                and it freezes each
                budget that it brings above its ceiling by more than the tolerance. It replaces the one of before; 0% \
                alone is none.
                """)
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "UNIT=N, or a percentage such as 0.5%.") var tolerance: [ToleranceText]

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator)
                var settings = try client.settings()
                settings.debtTolerance = ToleranceText.all(tolerance)
                let submitted = try client.change(.settingsChanged(settings))
                struct Row: Encodable {
                    var amounts: [String: Int64]
                    var ppm: UInt32
                    var position: UInt64
                }
                let written = settings.debtTolerance
                let row = Row(
                    amounts: Dictionary(written.amounts.map { ($0.unit, $0.value) }, uniquingKeysWith: max),
                    ppm: written.ppm, position: submitted.position)
                try Output.print(row, mesh.output) {
                    [["tolerance for debts: \(written.written), position \(submitted.position)"]]
                }
            }
        }
    }
}

/// `UNIT=N`, or a percentage.
struct ToleranceText: ExpressibleByArgument {
    var amount: Amount?
    var ppm: UInt32 = 0

    init?(argument: String) {
        if argument.hasSuffix("%") {
            guard let percent = Double(argument.dropLast()), (0...100).contains(percent) else { return nil }
            ppm = UInt32((percent * 10_000).rounded())
        } else {
            guard let text = AmountText(argument: argument), text.unit.isPrintable else { return nil }
            amount = Amount(text.unit, text.value)
        }
    }

    static func all(_ texts: [ToleranceText]) -> DebtTolerance {
        DebtTolerance(
            amounts: texts.compactMap(\.amount).sorted { $0.unit < $1.unit }, ppm: texts.map(\.ppm).max() ?? 0)
    }
}

extension DebtTolerance {
    var written: String {
        let parts = amounts.map { "\($0.unit)=\($0.value)" } + (ppm > 0 ? ["\(Double(ppm) / 10_000)%"] : [])
        return parts.isEmpty ? "none" : parts.joined(separator: " ")
    }
}
