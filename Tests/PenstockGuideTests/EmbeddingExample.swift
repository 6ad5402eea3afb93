import PenstockCore
import PenstockEnforcer
import PenstockGatekeeper

struct Denied: Error {
    var reason: Reason
}

/// Runs `work` if the grant allows it.
func guarded(identity: String, journal: String, credential: String, work: () async throws -> Void) async throws {
    let enforcer = try Enforcer(EnforcerOptions(identityFolder: identity, dataFolder: journal))
    try enforcer.start()
    defer { enforcer.stop() }
    while !enforcer.health().isReady { try await Task.sleep(for: .milliseconds(50)) }

    var call = Call(Presented(.zero), action: "tools/call", resourceType: "tool", resourceID: "git_log")
    var reason = Array(credential.utf8).withUnsafeBytes { enforcer.decide(credential: $0, &call).reason }
    if reason == .budgetPending || reason == .staleView {
        reason = await enforcer.check(call, patience: .milliseconds(500)).reason
    }
    guard reason == .none else { throw Denied(reason: reason) }
    try await work()
}
