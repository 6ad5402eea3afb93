internal import CZlib

/// Members of gzip files (RFC 1952), one at a time: a file of several is one text to every other tool, and each can be
/// read by itself. https://zlib.net/manual.html#Advanced
enum Gzip {
    /// `windowBits` of zlib: a window of 32 KiB, and gzip's head and end with its checksum.
    private static let windowBits = 15 + 16

    static func compress(_ bytes: [UInt8]) throws(StoreError) -> [UInt8] {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, CInt(windowBits), 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                CInt(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw StoreError(.io, "zlib cannot start") }
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
        let result = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
                (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
                return deflate(&stream, Z_FINISH)
            }
        }
        guard result == Z_STREAM_END else { throw StoreError(.io, "zlib ended with \(result)") }
        return Array(output.prefix(Int(stream.total_out)))
    }

    /// Throws `.corrupt` for what is not one whole member, and what is more than `mostBytes` expanded.
    static func expand(_ member: [UInt8], mostBytes: Int) throws(StoreError) -> [UInt8] {
        var stream = z_stream()
        guard inflateInit2_(&stream, CInt(windowBits), ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw StoreError(.io, "zlib cannot start")
        }
        defer { inflateEnd(&stream) }
        var input = member
        var output: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 256 << 10)
        let result = input.withUnsafeMutableBufferPointer { input in
            (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
            while true {
                let result = part.withUnsafeMutableBufferPointer { part in
                    (stream.next_out, stream.avail_out) = (part.baseAddress, UInt32(part.count))
                    return inflate(&stream, Z_NO_FLUSH)
                }
                output += part.prefix(part.count - Int(stream.avail_out))
                guard result == Z_OK, output.count <= mostBytes else { return result }
            }
        }
        guard result == Z_STREAM_END, stream.avail_in == 0, output.count <= mostBytes else {
            throw StoreError(.corrupt, "it is no member of a gzip file, or not a whole one")
        }
        return output
    }
}
