internal import Foundation
internal import Glibc
internal import PenstockSystem

/// The threads that write a side each.
extension GatewayPump {
    private enum Outcome {
        case written
        /// The session said no after so many bytes.
        case refused(Int)
        /// Whoever read is gone, or the gateway ends, after so many bytes.
        case gone(Int)
    }

    /// Writes a line in parts, and asks the session before each: also while the other side does not read.
    private func write(_ item: OutgoingLine, to descriptor: Int32) -> Outcome {
        let bytes = item.line + [10]
        var (left, hasBegun, isLast) = (0, false, false)
        while left < bytes.count {
            let readiness = Descriptor.wait(
                descriptor, for: Int32(POLLOUT), stop: stop.read, milliseconds: GatewayLimits.lookMS)
            if case .stopped = readiness { return .gone(left) }
            let size = Descriptor.part(of: bytes.count - left)
            if readiness == .timedOut, !hasBegun || isLast { continue }
            var after: [GatewaySession.Action] = []
            if !isLast {
                let isRest = readiness == .ready && size == bytes.count - left
                switch mayLeave(
                    item,
                    readiness != .ready
                        ? .nothing : isRest ? (hasBegun ? .last : .whole) : (hasBegun ? .middle : .first))
                {
                case .write(let actions): after = actions
                case .wait:
                    pause()
                    continue
                case .drop: return .refused(left)
                }
                hasBegun = true
                isLast = isRest
            }
            guard readiness == .ready else { continue }
            let count = Descriptor.write(bytes[left..<(left + size)], to: descriptor)
            step { _ in after }
            guard let count else { return .gone(left) }
            left += count
        }
        return .written
    }

    func mayLeave(_ item: OutgoingLine, _ part: GatewaySession.Part) -> GatewaySession.Writing {
        guard !item.isOwn else { return .write([]) }
        var writing = GatewaySession.Writing.write([])
        step { session in
            if let ticket = item.ticket { writing = session.willWrite(ticket, part, at: Self.now) }
            if let delivery = item.delivery { writing = session.willDeliver(delivery, part, at: Self.now) }
            switch writing {
            case .write: return []
            case .wait(let actions), .drop(let actions): return actions
            }
        }
        return writing
    }

    /// Until something has happened, or for a moment.
    private func pause() {
        condition.lock()
        _ = condition.wait(until: Date(timeIntervalSinceNow: Double(GatewayLimits.lookMS) / 1_000))
        condition.unlock()
    }

    func writeServer() {
        var isCut = false
        while !isCut, let item = next(\.toServer, orLeaving: true) {
            let outcome = write(item, to: child.input)
            switch outcome {
            case .written, .refused(0): break
            case .refused: isCut = true
            case .gone(let left):
                if let ticket = item.ticket { step { $0.couldNotWrite(ticket, untouched: left == 0) } }
                isCut = left > 0
            }
            written(\.toServer)
        }
        // Half a line is lost, and with it the line after it: nothing follows that would end it.
        locked { toServer.isClosed = true }
        close(child.input)
        if isCut { leave() }
    }

    func writeClient() {
        while let item = next(\.toClient, orLeaving: false) {
            var outcome = write(item, to: options.output)
            // The client reads a line that is cut off, and then why.
            if case .refused(let left) = outcome, left > 0 {
                outcome = write(OutgoingLine(line: []), to: options.output)
            }
            guard case .gone = outcome else {
                written(\.toClient)
                continue
            }
            locked { toClient.isClosed = true }
            written(\.toClient)
            leave()
            return
        }
    }

    private func written(_ path: ReferenceWritableKeyPath<GatewayPump, OutgoingQueue>) {
        locked {
            self[keyPath: path].isWriting = false
            condition.broadcast()
        }
    }

    private func next(_ path: ReferenceWritableKeyPath<GatewayPump, OutgoingQueue>, orLeaving: Bool) -> OutgoingLine? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if self[keyPath: path].isClosed && (orLeaving || self[keyPath: path].isEmpty) { return nil }
            if let item = self[keyPath: path].take() {
                self[keyPath: path].isWriting = true
                condition.broadcast()
                return item
            }
            if orLeaving && isLeaving { return nil }
            condition.wait()
        }
    }
}
