/// What freezes nothing of a real cost above a hold: by unit, and as a part of a ceiling. The greater of the two
/// counts.
package struct DebtTolerance: Hashable, Sendable {
    package var amounts: [Amount]
    /// Of the ceiling, in parts per million.
    package var ppm: UInt32

    package init(amounts: [Amount] = [], ppm: UInt32 = 0) {
        self.amounts = amounts
        self.ppm = ppm
    }

    package static let none = DebtTolerance()

    /// - Parameter ceiling: nil where there is none that counts.
    package func of(_ unit: String, ceiling: Int64?) -> Int64 {
        let amount = amounts.first { $0.unit == unit }?.value ?? 0
        let part = ceiling.map { Int64(Int128($0) * Int128(ppm) / 1_000_000) } ?? 0
        return max(amount, part)
    }

    var problem: String? {
        if amounts.count > Limits.toleranceUnits { return "a tolerance names at most \(Limits.toleranceUnits) units" }
        if Set(amounts.map(\.unit)).count < amounts.count { return "a tolerance names each unit once" }
        if !amounts.allSatisfy({ (1...64).contains($0.unit.utf8.count) && $0.unit.isPrintable }) {
            return "a unit has 1 to 64 bytes and no control character"
        }
        if !amounts.allSatisfy({ (0...Limits.amount).contains($0.value) }) {
            return "a tolerance is 0 to \(Limits.amount)"
        }
        if ppm > 1_000_000 { return "a tolerance is at most all of a ceiling" }
        return nil
    }
}
