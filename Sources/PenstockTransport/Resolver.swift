internal import Glibc
package import PenstockCore

/// What addresses a name stands for here, and which of them this machine can listen on.
package enum Resolver {
    /// IPv4 first: it is what a name means to most peers. Empty for a name that nobody here knows.
    package static func addresses(_ host: HostAddress) -> [HostAddress] {
        guard case .name = host.kind else { return [host] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host.text, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [HostAddress] = []
        for entry in sequence(first: list, next: { $0?.pointee.ai_next }) {
            guard let info = entry?.pointee else { break }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard getnameinfo(info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            else { continue }
            if let address = HostAddress(
                String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)),
                !found.contains(address)
            {
                found.append(address)
            }
        }
        return found.filter { !$0.isIPv6 } + found.filter(\.isIPv6)
    }

    /// Whether a socket can listen at an IP address and port of this machine, now; 0 for any port.
    ///
    /// - Returns: the errno that says why not; nil when it can.
    package static func problem(listeningOn address: HostAddress, port: Int) -> Int32? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.text, "\(port)", &hints, &list) == 0, let info = list?.pointee else {
            return EADDRNOTAVAIL
        }
        defer { freeaddrinfo(list) }
        let socket = socket(info.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return errno }
        defer { close(socket) }
        var yes: Int32 = 1
        // As libzmq does: a port whose last connections are being forgotten is free.
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(socket, info.ai_addr, info.ai_addrlen) == 0, listen(socket, 1) == 0 else { return errno }
        return nil
    }

    /// Whether a name is of one of this machine's network interfaces, which is no address.
    package static func isInterface(_ name: String) -> Bool { if_nametoindex(name) != 0 }
}

extension HostAddress {
    var isIPv6: Bool { if case .ipv6 = kind { true } else { false } }
}
