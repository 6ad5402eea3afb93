internal import Glibc

/// What the kernel says of connections.
extension ConnectionGuard {
    static func openDescriptors() -> [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var found: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let descriptor = Int32(name) { found.append(descriptor) }
        }
        return found
    }

    static func cookie(_ descriptor: Int32) -> Cookie? {
        var (cookie, size) = (UInt64(0), socklen_t(8))
        return getsockopt(descriptor, SOL_SOCKET, socketCookie, &cookie, &size) == 0 ? cookie : nil
    }

    static func localPort(_ descriptor: Int32) -> UInt16? {
        var address = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
        var size = socklen_t(address.count)
        // It has bytes.
        let isNamed = address.withUnsafeMutableBytes { bytes in
            getsockname(descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size) == 0
        }
        let family = address.withUnsafeBytes { $0.load(as: UInt16.self) }
        // Both families have the port behind the family.
        return isNamed && [AF_INET, AF_INET6].contains(Int32(family))
            ? UInt16(address[2]) << 8 | UInt16(address[3]) : nil
    }

    /// nil of what is no connection.
    static func bytes(_ descriptor: Int32) -> (acknowledged: UInt64, received: UInt64)? {
        var information = [UInt8](repeating: 0, count: 256)
        var size = socklen_t(information.count)
        guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &information, &size) == 0, size >= 136,
            information[0] != listening
        else { return nil }
        return information.withUnsafeBytes {
            ($0.load(fromByteOffset: 120, as: UInt64.self), $0.load(fromByteOffset: 128, as: UInt64.self))
        }
    }

    /// socket(7) SO_COOKIE. Of Linux's `tcp_info`, which is an interface to programs and stable, `tcpi_bytes_acked` and
    /// `tcpi_bytes_received` lie at 120 and 128, and the state is the first byte.
    private static let socketCookie: Int32 = 57
    private static let listening: UInt8 = 10
}
