internal import PenstockCore
internal import Testing

@Suite struct SettingsTests {
    @Test func boundStretchesLeaseAndGraceAndAddsTheMargin() {
        let settings = Settings(maxStalenessMS: 1000, maxGraceMS: 4000, clockRatePPM: 1000, marginMS: 50)
        #expect(settings.bound == Make.milliseconds(5055))
    }

    @Test func largestSettingsDoNotOverflow() {
        let settings = Settings(
            maxStalenessMS: 3_600_000, maxGraceMS: 3_600_000, clockRatePPM: 100_000, marginMS: 60_000)
        #expect(settings.problem == nil)
        #expect(settings.bound == Make.milliseconds(7_920_000 + 60_000))
    }

    @Test(arguments: [
        Settings(maxStalenessMS: 49, maxGraceMS: 0, clockRatePPM: 0, marginMS: 0),
        Settings(maxStalenessMS: 3_600_001, maxGraceMS: 0, clockRatePPM: 0, marginMS: 0),
        Settings(maxStalenessMS: 50, maxGraceMS: 3_600_001, clockRatePPM: 0, marginMS: 0),
        Settings(maxStalenessMS: 50, maxGraceMS: 0, clockRatePPM: 100_001, marginMS: 0),
        Settings(maxStalenessMS: 50, maxGraceMS: 0, clockRatePPM: 0, marginMS: 60_001),
    ])
    func settingsOutOfRangeHaveAProblem(settings: Settings) {
        #expect(settings.problem != nil)
    }
}

@Suite struct SelectorTests {
    @Test(arguments: Selector.Kind.allCases) func kindAndValueComeBack(kind: Selector.Kind) throws {
        let value = kind == .all ? "" : "x"
        let selector = try #require(Selector(kind: kind, value: value))
        #expect(selector.kind == kind)
        #expect(selector.value == value)
    }

    @Test(arguments: Selector.Kind.allCases) func onlyAllTakesNoValue(kind: Selector.Kind) {
        #expect(Selector(kind: kind, value: kind == .all ? "x" : "") == nil)
    }
}
