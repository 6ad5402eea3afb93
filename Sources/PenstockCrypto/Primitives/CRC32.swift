/// CRC-32 as in IEEE 802.3, zip and PNG: reflected polynomial `EDB88320`, all ones before and after.
///
/// It finds typing and cutting mistakes; it protects nothing against an attacker.
package enum CRC32 {
    /// Four bytes at a time ("slicing by 4", Kounavis and Berry 2005): table *n* advances a byte past *n* further ones,
    /// so one step's four look-ups do not wait for one another.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 4 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 {
                value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
            }
            tables[byte] = value
        }
        for index in 256..<1024 {
            let value = tables[index - 256]
            tables[index] = value >> 8 ^ tables[Int(value & 255)]
        }
        return tables
    }()

    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { table in
            var crc = UInt32.max
            var offset = 0
            while offset + 4 <= bytes.count {
                crc ^= UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
                crc =
                    table[768 + Int(crc & 255)] ^ table[512 + Int(crc >> 8 & 255)]
                    ^ table[256 + Int(crc >> 16 & 255)] ^ table[Int(crc >> 24)]
                offset += 4
            }
            while offset < bytes.count {
                crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[offset])) & 255)]
                offset += 1
            }
            return ~crc
        }
    }
}
