internal import HTTPTypes
internal import PenstockCore

/// A request that a proxy holds back until it is answered, as the proxy's headers tell of it.
struct ProxiedRequest: Hashable, Sendable {
    /// Whose headers tell of it, and so how a denial must look.
    enum Peer: Hashable, Sendable {
        /// `X-Original-Method`, `-Host` and `-URI`. A subrequest's answers other than 2xx, 401 and 403 become 500.
        case nginx
        /// `X-Forwarded-Method`, `-Host` and `-Uri`, of Traefik and Caddy, which hand any denial on as it is.
        case forwarding
    }

    /// Why nobody can say what is asked for.
    struct Malformed: Error, Hashable, Sendable {
        let text: String
        init(_ text: String) { self.text = text }
    }

    let method: String
    /// As policy compares it: in lower case, with the port as it was written.
    let host: String
    let target: ProxiedPath

    /// What the grant's resources are held against, under the type `http`.
    var resourceID: String { host + target.path }

    /// Nil where no header says it, or more than one convention does.
    static func peer(_ headers: HTTPFields) -> Peer? {
        let isOriginal = original.contains { headers[$0] != nil }
        let isForwarded = [forwarded[0], forwarded[2]].contains { headers[$0] != nil }
        return isOriginal == isForwarded ? nil : isOriginal ? .nginx : .forwarding
    }

    init(_ headers: HTTPFields, of peer: Peer) throws(Malformed) {
        let names = peer == .nginx ? Self.original : Self.forwarded
        if let name = Self.overrides.first(where: { headers[$0] != nil }) {
            throw Malformed("\(name.canonicalName) may make the server read another request than policy does")
        }
        method = try Self.one(names[0], headers)
        guard Self.isMethod(method) else { throw Malformed("\(names[0].canonicalName) names no method that is served") }
        guard let (host, port) = HostAddress.authority(try Self.one(names[1], headers)) else {
            throw Malformed("\(names[1].canonicalName) names no host")
        }
        self.host = host.bracketed + (port.map { ":\($0)" } ?? "")
        target = try ProxiedPath(try Self.one(names[2], headers))
    }

    /// A header that comes twice may be the client's and the proxy's.
    private static func one(_ name: HTTPField.Name, _ headers: HTTPFields) throws(Malformed) -> String {
        let values = headers[values: name]
        guard values.count == 1, !values[0].isEmpty else {
            throw Malformed("\(name.canonicalName) must be there, once")
        }
        return values[0]
    }

    /// In capitals, as standards have them: servers differ in whether `get` is GET.
    private static func isMethod(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && text.utf8.allSatisfy { (65...90).contains($0) || $0 == UInt8(ascii: "-") }
            && text != "CONNECT" && text != "TRACE"
    }

    /// Method, host and URI. All are tokens (RFC 9110 section 5.1).
    private static let original = ["x-original-method", "x-original-host", "x-original-uri"].map { HTTPField.Name($0)! }
    private static let forwarded = ["x-forwarded-method", "x-forwarded-host", "x-forwarded-uri"]
        .map { HTTPField.Name($0)! }  // Likewise.
    /// By which servers let a client say that it means another method or path.
    private static let overrides = [
        "x-http-method-override", "x-http-method", "x-method-override", "x-rewrite-url", "x-original-url",
    ].map { HTTPField.Name($0)! }  // Likewise.
}

extension HTTPFields {
    /// Of every header of that name, where there is just one.
    func only(_ name: HTTPField.Name) -> String? {
        let values = self[values: name]
        return values.count == 1 ? values[0] : nil
    }
}
