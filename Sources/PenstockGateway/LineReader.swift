internal import Glibc

/// Cuts what a descriptor gives into lines. Blocks: only for a thread of its own.
package struct LineReader {
    package enum Line: Equatable {
        case line([UInt8])
        /// Longer than the limit: what its bytes say of where an answer belongs, and nothing else.
        case tooLong(Outline)
    }

    private let descriptor: Int32
    private let stop: Int32
    private let limit: Int
    private var line: [UInt8] = []
    private var chunk: ArraySlice<UInt8> = []
    /// Of a line past the limit.
    private var outline: Outline?
    private var hasEnded = false
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    package init(_ descriptor: Int32, limit: Int, stop: Int32) {
        self.descriptor = descriptor
        self.limit = limit
        self.stop = stop
    }

    /// Nil at the end. What comes after the last line feed is a line as well.
    package mutating func next() -> Line? {
        while !hasEnded {
            if let end = chunk.firstIndex(of: 10) {
                take(chunk[..<end])
                chunk = chunk[(end + 1)...]
                return taken()
            }
            take(chunk)
            chunk = []
            guard Descriptor.wait(descriptor, for: Int32(POLLIN), stop: stop) == .ready else { return nil }
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count > 0 else {
                hasEnded = true
                break
            }
            chunk = buffer[..<count]
        }
        return line.isEmpty && outline == nil ? nil : taken()
    }

    private mutating func taken() -> Line {
        defer { (line, outline) = ([], nil) }
        return outline.map { .tooLong($0) } ?? .line(line)
    }

    private mutating func take(_ part: ArraySlice<UInt8>) {
        if outline == nil, line.count + part.count > limit {
            outline = Outline(line)
            line = []
        }
        if outline == nil { line += part } else { outline!.read(part) }
    }
}
