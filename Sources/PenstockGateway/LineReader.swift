internal import Glibc

/// Cuts what a descriptor gives into lines. Blocks: only for a thread of its own.
package struct LineReader {
    package enum Line: Equatable {
        case line([UInt8])
        /// Longer than the limit; its bytes are skipped.
        case tooLong
    }

    private let descriptor: Int32
    private let stop: Int32
    private let limit: Int
    private var line: [UInt8] = []
    private var chunk: ArraySlice<UInt8> = []
    private var isSkipping = false
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    package init(_ descriptor: Int32, limit: Int, stop: Int32) {
        self.descriptor = descriptor
        self.limit = limit
        self.stop = stop
    }

    /// Nil at the end. A last line without line feed is no line.
    package mutating func next() -> Line? {
        while true {
            if let end = chunk.firstIndex(of: 10) {
                take(chunk[..<end])
                chunk = chunk[(end + 1)...]
                defer {
                    line = []
                    isSkipping = false
                }
                return isSkipping ? .tooLong : .line(line)
            }
            take(chunk)
            guard Descriptor.wait(descriptor, for: Int32(POLLIN), stop: stop) else { return nil }
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && (errno == EINTR || errno == EAGAIN) {
                chunk = []
                continue
            }
            guard count > 0 else { return nil }
            chunk = buffer[..<count]
        }
    }

    private mutating func take(_ part: ArraySlice<UInt8>) {
        if line.count + part.count > limit {
            isSkipping = true
            line = []
        }
        if !isSkipping { line += part }
    }
}
