import PenstockCore
import Testing

/// The ledger's table of rates goes by the mesh's settings.
@Suite struct LedgerRateTests {
    @Test func clocksDifferByWhatTheSettingsSay() throws {
        var settings = Settings.standard
        settings.clockRatePPM = 7_000
        let folded = try Ledger(settings: settings)
        var ledger = PenstockCore.Ledger(folded.state)
        ledger.start(epoch: 1, restored: false, at: 0)
        #expect(ledger.rates?.clockRatePPM == 7_000)
        settings.clockRatePPM = 9_000
        let event = Make.event(Make.id("settings"), .settingsChanged(settings))
        _ = try ledger.stage(event, at: 0)
        _ = ledger.committed(at: 0)
        #expect(ledger.rates?.clockRatePPM == 9_000)
    }
}
