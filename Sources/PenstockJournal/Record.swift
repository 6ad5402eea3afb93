internal import Synchronization

/// How one record lies in a segment, little-endian, at a multiple of 8:
///
/// | offset | size | field                                                            |
/// |--------|------|------------------------------------------------------------------|
/// | 0      | 4    | length of the body in bytes, written last; 0 = no record here    |
/// | 4      | 4    | reserved bytes: the same length, written first                   |
/// | 8      | 8    | checksum over length, sequence, segment index and padded body    |
/// | 16     | n    | body, padded with zeros to a multiple of 8                       |
///
/// A writer killed between first and last leaves length 0, so the record was never there, and its caller never heard of
/// it. The early copy of the length is there before anybody has the place behind it: so what other writers have
/// finished there is found, and anything else beyond is damage. A record that is whole but for its length counts: its
/// writer was killed in between, or the length was damaged. The sequence number is the segment's first plus the
/// count of records before it, finished or not.
enum Record {
    static let headerBytes = 16

    /// The room a record with a body of `byteCount` takes.
    static func size(_ byteCount: Int) -> Int { headerBytes + padded(byteCount) }

    static func padded(_ byteCount: Int) -> Int { (byteCount + 7) & ~7 }

    /// Detects torn and damaged records; not cryptographic. Two 8-byte words at a time are folded in by a 64 × 64 → 128
    /// bit multiplication, the halves xored (the scheme of wyhash, https://github.com/wangyi-fudan/wyhash).
    ///
    /// `body` is 8-byte aligned, with zeros up to the padded length.
    @inline(__always)
    static func checksum(_ body: UnsafeRawPointer, byteCount: Int, sequence: UInt64, segment: UInt64) -> UInt64 {
        var sum = mix(sequence ^ 0xA076_1D64_78BD_642F, segment ^ 0xE703_7ED1_A0B4_28DB)
        let end = padded(byteCount)
        var offset = 0
        while offset + 16 <= end {
            let first = body.load(fromByteOffset: offset, as: UInt64.self)
            let second = body.load(fromByteOffset: offset &+ 8, as: UInt64.self)
            sum = mix(first ^ 0x8EBC_6AF0_9C88_C6E3, second ^ sum)
            offset &+= 16
        }
        if offset < end {
            sum = mix(body.load(fromByteOffset: offset, as: UInt64.self) ^ 0x8EBC_6AF0_9C88_C6E3, sum)
        }
        return mix(sum ^ 0x5899_65CC_7537_4CC3, UInt64(byteCount) ^ 0x1D8E_4E27_C47D_124F)
    }

    @inline(__always)
    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}

/// Access to words of a mapped file that one thread writes and others read.
extension UnsafeRawPointer {
    @inline(__always)
    func loadAcquiring32() -> UInt32 {
        assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .acquiring)
    }

    @inline(__always)
    func loadAcquiring64() -> UInt64 {
        assumingMemoryBound(to: Atomic<UInt64>.self).pointee.load(ordering: .acquiring)
    }
}

extension UnsafeMutableRawPointer {
    /// Everything stored before is in the file before this is, as far as other threads and a SIGKILL can tell.
    @inline(__always)
    func storeReleasing32(_ value: UInt32) {
        assumingMemoryBound(to: Atomic<UInt32>.self).pointee.store(value, ordering: .releasing)
    }

    @inline(__always)
    func storeReleasing64(_ value: UInt64) {
        assumingMemoryBound(to: Atomic<UInt64>.self).pointee.store(value, ordering: .releasing)
    }
}
