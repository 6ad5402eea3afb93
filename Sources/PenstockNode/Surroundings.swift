internal import Foundation
internal import Synchronization

/// What the environment says. Empty is as good as absent.
package enum Surroundings {
    private static let used = Mutex<[String: String]>([:])

    package static func text(_ name: String) -> String? {
        guard let text = ProcessInfo.processInfo.environment[name], !text.isEmpty else { return nil }
        used.withLock { $0[name] = text }
        return text
    }

    /// The variables behind a failure, which no flag and no file shows to whoever reads of it; empty for none.
    ///
    /// - Parameter message: names what a variable said. Nil where all that say which mesh and node is meant may be
    ///   behind it.
    package static func note(namedIn message: String? = nil) -> String {
        let places = used.withLock { $0.filter { !["PENSTOCK_LOG", "PENSTOCK_OUTPUT"].contains($0.key) } }
        let names = places.filter { _, value in message.map { says($0, value) } ?? true }.keys.sorted()
        return names.isEmpty ? "" : " (set in the environment: \(names.joined(separator: ", ")))"
    }

    /// Whether a value stands in a message by itself, as a path or a part of one: `mesh` is in `mesh/operator`, and not
    /// in "the mesh has nodes".
    private static func says(_ message: String, _ value: String) -> Bool {
        var from = message.startIndex
        while let place = message.range(of: value, options: .literal, range: from..<message.endIndex) {
            let before = place.lowerBound == message.startIndex ? nil : message[message.index(before: place.lowerBound)]
            let after = place.upperBound == message.endIndex ? nil : message[place.upperBound]
            let isQuoted = before == "'" && after == "'"
            let isWhole = before.map { " '(:/".contains($0) } ?? true && after.map { " ',;:/)".contains($0) } ?? true
            let isPlace =
                value.contains("/") || before == nil || before == "/" || after.map { "/:;".contains($0) } ?? true
            if isQuoted || isWhole && isPlace { return true }
            from = message.index(after: place.lowerBound)
        }
        return false
    }

    /// The form in which container platforms set NAME_PORT for each service called NAME (docker links, Kubernetes
    /// service links), which says nothing to a setting that happens to be called so.
    package static func isServiceLink(_ text: String) -> Bool {
        ["tcp://", "udp://", "sctp://"].contains { text.hasPrefix($0) }
    }
}
