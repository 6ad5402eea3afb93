/// Where a machine is reached: an IP address, or a name that stands for one. What people write in flags, files and
/// headers is read here, and nowhere else.
package struct HostAddress: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case ipv4([UInt8])
        case ipv6([UInt16])
        /// Letters, digits and hyphens in parts of at most 63, divided by dots (RFC 1123 section 2.1).
        case name
    }

    package let kind: Kind
    /// Without brackets; a name in lower case and without its last dot.
    package let text: String

    /// Nil for what is no address: with a port, a scheme, white space or a zone, or a number that no address is.
    package init?(_ written: String) {
        let text = written.lowercased()
        if text.hasPrefix("[") {
            guard text.hasSuffix("]"), let groups = Self.ipv6(text.dropFirst().dropLast()) else { return nil }
            (kind, self.text) = (.ipv6(groups), String(text.dropFirst().dropLast()))
        } else if let bytes = Self.ipv4(text[...]) {
            (kind, self.text) = (.ipv4(bytes), text)
        } else if let groups = Self.ipv6(text[...]) {
            (kind, self.text) = (.ipv6(groups), text)
        } else {
            let name = text.hasSuffix(".") ? text.dropLast() : text[...]
            guard Self.isName(name) else { return nil }
            (kind, self.text) = (.name, String(name))
        }
    }

    /// As it stands before a port.
    package var bracketed: String {
        if case .ipv6 = kind { "[\(text)]" } else { text }
    }

    /// Of this machine alone.
    package var isLoopback: Bool {
        switch kind {
        case .ipv4(let bytes): bytes[0] == 127
        case .ipv6(let groups): groups == [0, 0, 0, 0, 0, 0, 0, 1] || Self.isMapped(groups) && groups[6] >> 8 == 127
        // RFC 6761 section 6.3: names under it too, but resolvers differ.
        case .name: text == "localhost"
        }
    }

    /// Every address of a machine: something to listen on, and nothing to connect to.
    package var isWildcard: Bool {
        switch kind {
        case .ipv4(let bytes): bytes == [0, 0, 0, 0]
        case .ipv6(let groups):
            groups.allSatisfy { $0 == 0 } || Self.isMapped(groups) && groups[6] == 0 && groups[7] == 0
        case .name: false
        }
    }

    /// What people can write, for messages.
    package static let forms = "an IP address such as 10.0.0.5 or ::1, or a host name"

    private static func isMapped(_ groups: [UInt16]) -> Bool { groups[..<6] == [0, 0, 0, 0, 0, 0xFFFF] }
}

// MARK: - Reading

extension HostAddress {
    /// Four decimal numbers; one with a leading zero is octal to some readers, and so is none here.
    private static func ipv4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let bytes = parts.compactMap { part in
            part.utf8.allSatisfy(isDigit) && (part.utf8.first != 48 || part.utf8.count == 1) ? UInt8(part) : nil
        }
        return bytes.count == 4 ? bytes : nil
    }

    /// RFC 4291 section 2.2.
    private static func ipv6(_ text: Substring) -> [UInt16]? {
        guard text.contains(":") else { return nil }
        let halves = split(text)
        guard halves.count <= 2, let head = groups(halves[0], isLast: halves.count == 1) else { return nil }
        guard halves.count == 2 else { return head.count == 8 ? head : nil }
        guard let tail = groups(halves[1], isLast: true), head.count + tail.count <= 7 else { return nil }
        return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    /// At `::`; three parts or more where it comes twice.
    private static func split(_ text: Substring) -> [Substring] {
        var (parts, rest) = ([Substring](), text)
        while let colon = rest.indices.first(where: { rest[$0...].hasPrefix("::") }) {
            parts.append(rest[..<colon])
            rest = rest[rest.index(colon, offsetBy: 2)...]
        }
        return parts + [rest]
    }

    private static func groups(_ text: Substring, isLast: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if isLast, index == parts.count - 1, let bytes = ipv4(part) {
                groups += [UInt16(bytes[0]) << 8 | UInt16(bytes[1]), UInt16(bytes[2]) << 8 | UInt16(bytes[3])]
            } else {
                guard (1...4).contains(part.utf8.count), let group = UInt16(part, radix: 16), part.utf8.first != 43
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }

    private static func isName(_ name: Substring) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...253).contains(name.utf8.count), let last = parts.last else { return false }
        // What ends in a number is an address that was not read (WHATWG URL, "ends in a number").
        guard !last.utf8.allSatisfy(isDigit), !last.hasPrefix("0x") else { return false }
        return parts.allSatisfy { part in
            (1...63).contains(part.utf8.count) && part.utf8.first != 45 && part.utf8.last != 45
                && part.utf8.allSatisfy { isDigit($0) || (97...122).contains($0) || $0 == 45 || $0 == 95 }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}

// MARK: - With a port

extension HostAddress {
    /// `HOST` or `HOST:PORT`, as in the `Host` header; IPv6 in brackets where a port follows, and in either form alone.
    package static func authority(_ text: String) -> (host: HostAddress, port: Int?)? {
        if !text.hasPrefix("["), text.utf8.count(where: { $0 == 58 }) > 1 { return HostAddress(text).map { ($0, nil) } }
        let end =
            text.hasPrefix("[")
            ? text.firstIndex(of: "]").map(text.index(after:)) ?? text.endIndex
            : text.firstIndex(of: ":") ?? text.endIndex
        guard let host = HostAddress(String(text[..<end])) else { return nil }
        let rest = text[end...]
        guard !rest.isEmpty else { return (host, nil) }
        guard rest.hasPrefix(":"), rest.utf8.dropFirst().allSatisfy(isDigit), let port = UInt16(rest.dropFirst()),
            port > 0
        else { return nil }
        return (host, Int(port))
    }
}
