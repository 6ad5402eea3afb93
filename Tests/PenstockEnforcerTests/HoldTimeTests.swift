import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockTestSupport
import Testing

@testable import PenstockEnforcer

/// How long an enforcer keeps a hold open.
@Suite struct HoldTimeTests {
    private let hourMS: Int64 = 3_600_000

    private func call(_ id: String = "", holds: Bool = true) -> Call {
        Call(
            Presented(testDigest), action: "x", resourceType: "tool", resourceID: "x", callID: id, holds: holds)
    }

    @Test func holdSaysUntilWhenItMayStayOpen() async throws {
        let folder = temporaryFolder()
        let enforcer = try Enforcer.offline(in: folder, grant: .ofTests)
        defer {
            enforcer.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }
        let held = await enforcer.check(call("c"), patience: .zero)
        #expect(held.isAllow && held.validForMS > 0)
        // Both are counted at one moment.
        #expect((-1...1).contains(held.openForMS - held.validForMS - hourMS))
        // A retry has the same hold, and what is left of its time.
        let again = await enforcer.check(call("c"), patience: .zero)
        #expect(again.permitID == held.permitID)
        #expect(again.openForMS <= held.openForMS && again.openForMS > held.openForMS - 60_000)
        #expect(await enforcer.check(call(holds: false), patience: .zero).openForMS == 0)
        var denied = call()
        denied.resourceType = "other"
        #expect(await enforcer.check(denied, patience: .zero).openForMS == 0)
        try await enforcer.release(held.permitID)
    }
}
