/// An IP address as it is written in full: IPv4 as four decimal numbers, IPv6 as RFC 4291 section 2.2 has it. Read
/// without the heap.
package struct IPAddress: Hashable, Sendable {
    /// Of IPv4, the last 32.
    package let bits: UInt128
    package let isIPv4: Bool

    /// Nil for any other text: with a port, a zone, brackets, leading zeros or white space.
    package init?(_ text: String) {
        let read = text.utf8.withContiguousStorageIfAvailable { Self.read($0) }
        guard let (bits, isIPv4) = read ?? Array(text.utf8).withUnsafeBufferPointer({ Self.read($0) }) else {
            return nil
        }
        (self.bits, self.isIPv4) = (bits, isIPv4)
    }

    package var width: Int { isIPv4 ? 32 : 128 }

    /// An IPv4 address in the form of IPv6, which some readers take for the one and some for the other.
    package var isMapped: Bool { !isIPv4 && bits >> 32 == 0xFFFF }

    private static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> (UInt128, Bool)? {
        if let address = ipv4(bytes, from: 0) { return (UInt128(address), true) }
        return ipv6(bytes).map { ($0, false) }
    }

    private static func ipv4(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> UInt32? {
        var (address, parts, at): (UInt32, Int, Int) = (0, 0, start)
        while parts < 4 {
            let first = at
            var part: UInt32 = 0
            while at < bytes.count, 48...57 ~= bytes[at], at - first < 3 {
                part = part * 10 + UInt32(bytes[at] - 48)
                at += 1
            }
            guard at > first, part < 256, at - first == 1 || bytes[first] != 48 else { return nil }
            (address, parts) = (address << 8 | part, parts + 1)
            guard parts < 4 else { break }
            guard at < bytes.count, bytes[at] == UInt8(ascii: ".") else { return nil }
            at += 1
        }
        return at == bytes.count ? address : nil
    }

    private static func ipv6(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt128? {
        /// Groups before the gap, and behind it.
        var (head, tail): (UInt128, UInt128) = (0, 0)
        var (count, gap, at): (Int, Int?, Int) = (0, nil, 0)
        func isColon(_ at: Int) -> Bool { at < bytes.count && bytes[at] == UInt8(ascii: ":") }
        func add(_ group: UInt128) {
            if gap == nil { head = head << 16 | group } else { tail = tail << 16 | group }
            count += 1
        }
        if isColon(0) {
            guard isColon(1) else { return nil }
            (gap, at) = (0, 2)
        }
        while at < bytes.count {
            if count <= 6, let last = ipv4(bytes, from: at) {
                add(UInt128(last >> 16))
                add(UInt128(last & 0xFFFF))
                at = bytes.count
                break
            }
            let first = at
            var group: UInt128 = 0
            while at < bytes.count, at - first < 4, let digit = hex(bytes[at]) {
                (group, at) = (group << 4 | UInt128(digit), at + 1)
            }
            guard at > first, count < 8 else { return nil }
            add(group)
            guard at < bytes.count else { break }
            guard isColon(at) else { return nil }
            at += 1
            if isColon(at) {
                guard gap == nil else { return nil }
                (gap, at) = (count, at + 1)
            } else if at == bytes.count {
                return nil
            }
        }
        guard let gap else { return count == 8 ? head : nil }
        guard count < 8 else { return nil }
        return gap == 0 ? tail : head << (16 * (8 - gap)) | tail
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}

/// `ADDRESS/BITS` (RFC 4632 section 3.1): the addresses that have their first bits in common.
package struct IPNetwork: Hashable, Sendable {
    private let first: IPAddress
    private let mask: UInt128

    /// Nil for another text, and where the address has bits behind those.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), !address.isMapped,
            (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ 48...57 ~= $0 }),
            parts[1].utf8.count == 1 || parts[1].first != "0", let bits = Int(parts[1]), bits <= address.width
        else { return nil }
        let all: UInt128 = address.isIPv4 ? 0xFFFF_FFFF : .max
        // A shift by all of the width gives 0.
        mask = all & ~(all >> UInt128(bits))
        guard address.bits & ~mask & all == 0 else { return nil }
        first = address
    }

    package func has(_ address: IPAddress) -> Bool {
        address.isIPv4 == first.isIPv4 && !address.isMapped && address.bits & mask == first.bits
    }
}
