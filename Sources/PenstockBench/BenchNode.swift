internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEnforcer
internal import PenstockNode
internal import PenstockSystem

/// `bench node`: an enforcer process that asks itself for decisions at a rate.
package enum BenchNode {
    /// Runs until SIGTERM.
    package static func run(folder: String, name: String, rate: Int, credential: String) throws -> Never {
        let enforcer = try Enforcer(
            EnforcerOptions(
                identity: Identity.load("\(folder)/\(name)"), dataFolder: "\(folder)/\(name)/data-\(getpid())"))
        try enforcer.start()
        if rate > 0 {
            _ = try SystemThread(name: "load") { load(enforcer, rate, credential) }
        }
        while true { sleep(1000) }
    }

    /// Spreads the calls evenly over milliseconds.
    private static func load(_ enforcer: Enforcer, _ rate: Int, _ credential: String) {
        var call = Call(
            Presented(Credential.digest(of: credential) ?? .zero), action: "tools/call", resourceType: "tool",
            resourceID: "git_log",
            amounts: CallAmounts([Amount("calls", 1)])!)
        call.callID = ""
        let started = Clocks.now()
        var made = 0
        while true {
            let due = Int((Clocks.now() - started) / 1_000 * Int64(rate) / 1_000_000)
            while made < due {
                _ = enforcer.decide(call)
                made += 1
            }
            SystemThread.sleep(milliseconds: 1)
        }
    }
}
