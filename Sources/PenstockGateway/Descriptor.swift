internal import Glibc

/// Descriptors as the gateway's threads use them: waiting for one ends when the gateway does.
enum Descriptor {
    enum Readiness {
        case ready
        case timedOut
        /// The gateway ends, which closes the other end of `stop`.
        case stopped
    }

    /// - Parameter milliseconds: -1 for any time.
    static func wait(_ descriptor: Int32, for events: Int32, stop: Int32, milliseconds: Int32 = -1) -> Readiness {
        var polled = [
            pollfd(fd: descriptor, events: Int16(events), revents: 0),
            pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let count = poll(&polled, 2, milliseconds)
            if count == 0 { return .timedOut }
            if count > 0 { return polled[1].revents == 0 ? .ready : .stopped }
            guard errno == EINTR else { return .stopped }
        }
    }

    /// How much of a line is written next: what a pipe takes at once (PIPE_BUF, pipe(7)), so that no write blocks. What
    /// ends the message and the line leaves together, so that no whole message is ever left without its line feed.
    static func part(of bytes: Int) -> Int { bytes <= 4_096 ? bytes : min(4_096, bytes - 2) }

    /// - Returns: how many bytes left, which may be none for now; nil when the reader is gone.
    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int? {
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 || errno == EINTR || errno == EAGAIN else { return nil }
        return max(0, count)
    }
}
