/// Paths that policy reads in one way and a tool in another: after a prefix, `..` leads out of what begins with it.
extension String {
    /// Whether a segment that ends past its first `prefix` bytes is `.` or `..`, to the laxest of readers: see
    /// `LaxPath`.
    package func hasDotSegment(after prefix: Int) -> Bool {
        if let found = utf8.withContiguousStorageIfAvailable({ LaxPath.hasDotSegment($0, after: prefix) }) {
            return found
        }
        var text = self
        return text.withUTF8 { LaxPath.hasDotSegment($0, after: prefix) }
    }

    /// Whether some reader sees a slash where none is written as one.
    package var hasHiddenSlash: Bool {
        if let found = utf8.withContiguousStorageIfAvailable({ LaxPath.hasHiddenSlash($0) }) { return found }
        var text = self
        return text.withUTF8 { LaxPath.hasHiddenSlash($0) }
    }
}

extension LaxPath {
    fileprivate static func hasDotSegment(_ bytes: UnsafeBufferPointer<UInt8>, after prefix: Int) -> Bool {
        guard bytes.count > prefix else { return false }
        guard bytes.contains(where: { $0 == UInt8(ascii: "%") || $0 >= 0x80 }) else {
            return scan(bytes.count, after: prefix) { (bytes[$0], $0 + 1) }
        }
        return withUnsafeTemporaryAllocation(of: Unit.self, capacity: bytes.count) { units in
            let count = decode(bytes, into: units)
            return scan(count, after: prefix) { units[$0] }
        }
    }

    fileprivate static func hasHiddenSlash(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.contains(where: { $0 == UInt8(ascii: "%") || $0 >= 0x80 }) else { return false }
        return withUnsafeTemporaryAllocation(of: Unit.self, capacity: bytes.count) { units in
            let count = decode(bytes, into: units)
            var at = 0
            while at < count {
                let (reading, length) = read(at, count) { units[$0] }
                let end = units[at + length - 1].end
                // What is written as one byte, and is that byte, is no secret.
                if reading == .overlong || reading == .slash && bytes[end - 1] != units[at].byte { return true }
                at += length
            }
            return false
        }
    }

    @inline(__always)
    private static func scan(_ count: Int, after prefix: Int, _ unit: (Int) -> Unit) -> Bool {
        /// Of the segment so far; more than two once it holds anything else.
        var dots = 0
        var at = 0
        while at < count {
            let (reading, length) = read(at, count, unit)
            let isPast = unit(at + length - 1).end > prefix
            switch reading {
            case .slash, .end:
                if isPast, dots == 1 || dots == 2 { return true }
                dots = 0
            case .dot: dots = min(dots + 1, 3)
            case .twoDots: dots = min(dots + 2, 3)
            case .nothing: break
            case .overlong: if isPast { return true }
            case .other: dots = 3
            }
            at += length
        }
        return dots == 1 || dots == 2
    }
}
