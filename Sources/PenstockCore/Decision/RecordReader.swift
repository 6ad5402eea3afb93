/// Reads what `RecordWriter` wrote; nil past the end.
package struct RecordReader {
    private let memory: UnsafeRawBufferPointer
    private var offset = 0

    package init(_ memory: UnsafeRawBufferPointer) { self.memory = memory }

    package var left: Int { memory.count - offset }

    package mutating func take<T: BitwiseCopyable>(_: T.Type) -> T? {
        guard left >= MemoryLayout<T>.size else { return nil }
        defer { offset += MemoryLayout<T>.size }
        return memory.loadUnaligned(fromByteOffset: offset, as: T.self)
    }

    package mutating func take(_ count: Int) -> [UInt8]? {
        guard left >= count else { return nil }
        defer { offset += count }
        return [UInt8](memory[offset..<offset + count])
    }

    package mutating func takeText() -> String? {
        guard let count = take(UInt16.self), let bytes = take(Int(count)) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
