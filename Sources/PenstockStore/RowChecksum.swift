internal import PenstockCore

/// Detects an event row that the disk changed: SQLite checks the pages' structure, not their content.
///
/// Each 8-byte little-endian word is xored in and the sum multiplied by an odd constant and folded. It finds
/// accidents only; forgery is found by the event's id and signature.
enum RowChecksum {
    static func of(position: Position, id: Digest, bytes: [UInt8]) -> Int64 {
        var sum = mix(position ^ 0x9E37_79B9_7F4A_7C15, UInt64(bytes.count))
        id.bytes.withUnsafeBytes { sum = fold($0, into: sum) }
        bytes.withUnsafeBytes { sum = fold($0, into: sum) }
        return Int64(bitPattern: sum)
    }

    private static func fold(_ bytes: UnsafeRawBufferPointer, into start: UInt64) -> UInt64 {
        var sum = start
        var offset = 0
        while offset + 8 <= bytes.count {
            sum = mix(sum, UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        var tail: UInt64 = 0
        for index in offset..<bytes.count {
            tail = tail << 8 | UInt64(bytes[index])
        }
        return mix(sum, tail)
    }

    /// Bijective in `word` for any `sum`, so a single changed word can never cancel out.
    private static func mix(_ sum: UInt64, _ word: UInt64) -> UInt64 {
        var x = (sum ^ word) &* 0xD6E8_FEB8_6659_FD93
        x ^= x >> 32
        return (x &* 0xD6E8_FEB8_6659_FD93) &+ 0x2545_F491_4F6C_DD1D
    }
}
