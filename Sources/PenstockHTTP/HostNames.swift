internal import HTTPTypes
internal import Hummingbird
import PenstockCore

/// By which names a door on TCP may be asked for: loopback's, and those that its configuration lists. A web page whose
/// own name was made to resolve to this machine asks for that name, and gets nothing.
struct HostNames: Sendable {
    /// As `HostAddress.text` has them.
    var listed: Set<String> = []

    private static let host = HTTPField.Name("Host")!  // A token (RFC 9110 section 5.1).

    /// - Parameter isRelayed: by a proxy, with its client's `Origin`.
    func check(_ request: Request, isRelayed: Bool = false) throws(EvaluationCodec.Problem) {
        let hosts = [request.head.authority].compactMap(\.self) + request.headers[values: Self.host]
        guard hosts.count == 1, !hosts[0].isEmpty else {
            throw EvaluationCodec.Problem(400, "a request names one Host")
        }
        guard admits(hosts[0]) else {
            throw EvaluationCodec.Problem(
                421, "this Host is none of this node's names: localhost, a loopback address, or one of 'host_names'")
        }
        guard !isRelayed, let origin = request.headers[.origin] else { return }
        let place = origin.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard place.count == 2, admits(String(place[1])) else {
            throw EvaluationCodec.Problem(403, "a page of another place may not ask here")
        }
    }

    private func admits(_ authority: String) -> Bool {
        guard let host = HostAddress.authority(authority)?.host else { return false }
        return host.isLoopback || listed.contains(host.text)
    }

    /// As the caller names this door, where that is one of its names.
    func base(_ request: Request) -> String {
        guard let authority = request.head.authority, admits(authority),
            let (host, port) = HostAddress.authority(authority)
        else { return "localhost" }
        return host.bracketed + (port.map { ":\($0)" } ?? "")
    }
}
