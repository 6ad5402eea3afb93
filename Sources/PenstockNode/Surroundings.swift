internal import Foundation
internal import Synchronization

/// What the environment says. Empty is as good as absent.
package enum Surroundings {
    private static let used = Mutex<Set<String>>([])

    package static func text(_ name: String) -> String? {
        guard let text = ProcessInfo.processInfo.environment[name], !text.isEmpty else { return nil }
        used.withLock { _ = $0.insert(name) }
        return text
    }

    /// The variables that were found set, which whoever reads of a failure may not know of.
    package static var names: [String] { used.withLock { $0.sorted() } }

    /// The form in which container platforms set NAME_PORT for each service called NAME (docker links, Kubernetes service
    /// links), which says nothing to a setting that happens to be called so.
    package static func isServiceLink(_ text: String) -> Bool {
        ["tcp://", "udp://", "sctp://"].contains { text.hasPrefix($0) }
    }
}
