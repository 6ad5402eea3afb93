/// Writes values one after another into memory that the journal lent.
package struct RecordWriter {
    private let memory: UnsafeMutableRawBufferPointer
    private var offset = 0

    package init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    @inline(__always)
    package mutating func put<T: BitwiseCopyable>(_ value: T) {
        memory.storeBytes(of: value, toByteOffset: offset, as: T.self)
        offset += MemoryLayout<T>.size
    }

    @inline(__always)
    package mutating func put(text: String, limit: Int) {
        var text = text.utf8.count <= limit ? text : DecisionRecord.kept(text, limit)
        text.withUTF8 { bytes in
            let count = bytes.count
            put(UInt16(count))
            // What has bytes has an address.
            if count > 0 { (memory.baseAddress! + offset).copyMemory(from: bytes.baseAddress!, byteCount: count) }
            offset += count
        }
    }
}
