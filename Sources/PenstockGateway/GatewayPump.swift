internal import Foundation
internal import Glibc
internal import Logging
internal import PenstockCore
internal import PenstockHTTP
internal import Synchronization

/// The threads of one session: a reader and a writer on each side, and one that waits for the server to exit.
///
/// `@unchecked Sendable`: every variable is touched only under `condition`. Lines are queued under it too, so that
/// they leave in the order in which the session decided.
final class GatewayPump: @unchecked Sendable {
    enum Question: Sendable {
        case check(GatewaySession.Ticket, Call)
        case preview(GatewaySession.Ticket, [Call])
        case standing(Call)
        case settle(String, [Amount], Priced)
        case release(String)
    }

    /// A line, and what the session is asked by before it leaves; nothing for what the gateway itself says.
    private struct Item {
        var line: [UInt8]
        var ticket: GatewaySession.Ticket?
        var delivery: GatewaySession.Delivery?

        var isOwn: Bool { ticket == nil && delivery == nil }
        var cost: Int { line.count + 64 }
    }

    private let condition = NSCondition()
    private var session: GatewaySession
    private var toServer = Queue()
    private var toClient = Queue()
    private var isLeaving = false
    private var status: Int32?
    private var serverReaderEnded = false
    /// Questions that are not answered yet.
    private var underWay = 0
    /// No question follows but from those.
    private var isOver = false
    private var hasBegunToEnd = false
    /// The server has left too much unread of what the gateway says itself.
    private var isDeaf = false

    private let child: ChildProcess
    private let notes: Notes
    private let options: GatewayOptions
    /// Closing `write` wakes every thread that waits for a descriptor.
    private let stop: (read: Int32, write: Int32)
    private let questions: AsyncStream<Question>
    private let asking: AsyncStream<Question>.Continuation
    private let subscription = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let over = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    private struct Queue {
        var items: [Item] = []
        var taken = 0
        var bytes = 0
        /// Of those, what the gateway says itself.
        var ownBytes = 0
        /// Nothing more will be taken.
        var isClosed = false
        /// An item has been taken and is not written yet.
        var isWriting = false

        var isEmpty: Bool { taken == items.count }
        var isFull: Bool { bytes > GatewayLimits.queueBytes }

        mutating func add(_ item: Item) {
            guard !isClosed else { return }
            items.append(item)
            bytes += item.cost
            ownBytes += item.isOwn ? item.cost : 0
        }

        mutating func take() -> Item? {
            guard !isEmpty else { return nil }
            let item = items[taken]
            items[taken].line = []
            taken += 1
            bytes -= item.cost
            ownBytes -= item.isOwn ? item.cost : 0
            if taken > 1_024 || isEmpty {
                items.removeFirst(taken)
                taken = 0
            }
            return item
        }
    }

    init(_ session: GatewaySession, _ child: ChildProcess, _ options: GatewayOptions, stop: (read: Int32, write: Int32), logger: Logger) {
        self.session = session
        notes = Notes(logger)
        self.child = child
        self.options = options
        self.stop = stop
        // Bounded by the requests under way, of which each asks one question at a time.
        (questions, asking) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// Every thread holds the pump, so none waits any more.
    deinit { close(stop.read) }

    /// Milliseconds of CLOCK_BOOTTIME, which counts suspended time too: a permit does not sleep.
    static var now: Int64 {
        let passed = (ContinuousClock.now - origin).components
        return passed.seconds * 1_000 + passed.attoseconds / 1_000_000_000_000_000
    }

    private static let origin = ContinuousClock.now

    var counters: GatewaySession.Counters { locked { session.counters } }

    /// Whether the enforcer has ever answered with a view.
    let hasStood = Atomic(false)

    func subscribed() async {
        for await _ in subscription.stream { return }
    }

    func noteSubscribed() { subscription.continuation.yield() }

    private func locked<T>(_ body: () -> T) -> T {
        condition.lock()
        defer { condition.unlock() }
        return body()
    }

    /// Lock, step, unlock, act; lines only join their queue.
    func step(_ body: (inout GatewaySession) -> [GatewaySession.Action]) {
        let asked = locked {
            let wasDeaf = isDeaf
            let asked = queue(body(&session))
            underWay += asked.count
            condition.broadcast()
            return (questions: asked, isDeaf: isDeaf && !wasDeaf)
        }
        for question in asked.questions { asking.yield(question) }
        if asked.isDeaf { leave() }
    }

    private func answered() {
        locked {
            underWay -= 1
            if isOver && underWay == 0 { asking.finish() }
        }
    }

    private func queue(_ actions: [GatewaySession.Action]) -> [Question] {
        actions.compactMap { action in
            switch action {
            case .toServer(let line, nil) where toServer.ownBytes + line.count > GatewayLimits.queueBytes:
                if !isDeaf { notes.say("the server does not read what it is answered: the session ends") }
                isDeaf = true
            case .toServer(let line, let ticket): toServer.add(Item(line: line, ticket: ticket))
            case .toClient(let line, let delivery): toClient.add(Item(line: line, delivery: delivery))
            case .check(let ticket, let call): return .check(ticket, call)
            case .preview(let ticket, let calls): return .preview(ticket, calls)
            case .standing(let call): return .standing(call)
            case .note(let text): notes.say(text)
            case .settle(let permitID, let amounts, let priced): return .settle(permitID, amounts, priced)
            case .release(let permitID): return .release(permitID)
            }
            return nil
        }
    }
}

// MARK: - Life

extension GatewayPump {
    /// Ends when the server has exited and everything it left is settled and said.
    func run(_ answer: @escaping @Sendable (Question) async -> Void) async -> Int32 {
        let bodies: [@Sendable () -> Void] = [readClient, readServer, writeServer, writeClient, awaitExit]
        for body in bodies {
            let thread = Thread { body() }
            thread.stackSize = 1 << 20
            thread.start()
        }
        // Not a child of the caller's task: cancelling that begins the end, and what runs is settled still.
        let answering = Task { [questions] in
            await withDiscardingTaskGroup { group in
                for await question in questions {
                    group.addTask {
                        await answer(question)
                        self.answered()
                    }
                }
            }
        }
        // A decision under way is waited for, so that what it holds is released.
        let limit = Task { [over, options] in
            for await _ in over.stream {}
            try? await Task.sleep(for: options.patience + .seconds(1))
            answering.cancel()
        }
        await answering.value
        limit.cancel()
        return locked { status ?? 0 }
    }

    /// The client's input has ended: what it asked for is answered within the grace, and then the session ends.
    private func drain() {
        let limit = Date(timeIntervalSinceNow: Double(EvaluationCodec.milliseconds(options.grace)) / 1_000)
        condition.lock()
        while !isLeaving, status == nil, !isIdle, condition.wait(until: limit) {}
        condition.unlock()
        leave()
    }

    /// Nothing is under way in either direction.
    private var isIdle: Bool {
        session.outstanding == 0 && !session.isDelivering && toServer.isEmpty && !toServer.isWriting && toClient.isEmpty && !toClient.isWriting
    }

    var hasEnded: Bool { locked { isLeaving || status != nil } }

    /// Ends the session in order: no more input for the server, then SIGTERM, then SIGKILL.
    func leave() {
        let isFirst = locked {
            defer { isLeaving = true }
            condition.broadcast()
            return !isLeaving && status == nil
        }
        guard isFirst else { return }
        beginToEnd()
        let grace = options.grace
        Thread {
            for (signal, time) in [(SIGTERM, grace), (SIGKILL, grace / 2)] {
                guard !self.hasExited(within: time) else { return }
                self.locked { if self.status == nil { self.child.signal(signal) } }
            }
        }.start()
    }

    private func beginToEnd() {
        let isFirst = locked {
            defer { hasBegunToEnd = true }
            return !hasBegunToEnd
        }
        if isFirst { options.onEnding() }
    }

    private func hasExited(within time: Duration) -> Bool {
        let limit = Date(timeIntervalSinceNow: Double(EvaluationCodec.milliseconds(time)) / 1_000)
        condition.lock()
        defer { condition.unlock() }
        while status == nil {
            if !condition.wait(until: limit) { return status != nil }
        }
        return true
    }

    private func awaitExit() {
        let code = child.wait()
        beginToEnd()
        // What the server said last is still in its pipe.
        let limit = Date(timeIntervalSinceNow: 1)
        condition.lock()
        status = isLeaving && code > 128 ? 0 : code
        toServer.isClosed = true
        condition.broadcast()
        while !serverReaderEnded, condition.wait(until: limit) {}
        // It may be known in a moment whether that may be passed on.
        let known = Date(timeIntervalSinceNow: 2)
        while session.isDelivering, condition.wait(until: known) {}
        condition.unlock()
        step { $0.serverEnded() }
        condition.lock()
        let last = Date(timeIntervalSinceNow: 2)
        while !toClient.isEmpty || toClient.isWriting, condition.wait(until: last) {}
        toClient.isClosed = true
        condition.broadcast()
        condition.unlock()
        close(stop.write)
        locked {
            isOver = true
            if underWay == 0 { asking.finish() }
        }
        over.continuation.finish()
    }
}

// MARK: - Threads

extension GatewayPump {
    private func readClient() {
        var reader = LineReader(options.input, limit: GatewayLimits.clientLineBytes, stop: stop.read)
        while waitForRoom(forServerToo: true), let line = reader.next() {
            step { session in
                switch line {
                case .line(let bytes): session.fromClient(bytes)
                case .tooLong(let outline): session.fromClientTooLong(outline)
                }
            }
        }
        drain()
    }

    private func readServer() {
        var reader = LineReader(child.output, limit: GatewayLimits.serverLineBytes, stop: stop.read)
        while waitForRoom(forServerToo: false), let line = reader.next() {
            step { session in
                switch line {
                case .line(let bytes): session.fromServer(bytes)
                case .tooLong(let outline): session.fromServerTooLong(outline)
                }
            }
        }
        locked {
            serverReaderEnded = true
            condition.broadcast()
        }
        close(child.output)
        // A server that cannot answer any more, and goes on.
        guard !hasExited(within: options.grace) else { return }
        if !hasEnded { notes.say("the server has closed its output: the session ends") }
        leave()
    }

    /// Whoever reads waits while what it says cannot be passed on. The server's reader never waits for the server:
    /// each would wait for the other.
    private func waitForRoom(forServerToo: Bool) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while (toClient.isFull && !toClient.isClosed) || (forServerToo && toServer.isFull && !toServer.isClosed)
            || !(forServerToo ? session.hasRoomForClient : session.hasRoomForServer) && status == nil
        {
            if forServerToo && isLeaving { return false }
            condition.wait()
        }
        return !(forServerToo && isLeaving)
    }

    private enum Outcome {
        case written
        /// The session said no after so many bytes.
        case refused(Int)
        /// Whoever read is gone, or the gateway ends, after so many bytes.
        case gone(Int)
    }

    /// Writes a line in parts, and asks the session before each: also while the other side does not read.
    private func write(_ item: Item, to descriptor: Int32) -> Outcome {
        let bytes = item.line + [10]
        var (left, hasBegun, isLast) = (0, false, false)
        while left < bytes.count {
            let readiness = Descriptor.wait(descriptor, for: Int32(POLLOUT), stop: stop.read, milliseconds: GatewayLimits.lookMS)
            if case .stopped = readiness { return .gone(left) }
            let size = Descriptor.part(of: bytes.count - left)
            if readiness == .timedOut, !hasBegun || isLast { continue }
            var after: [GatewaySession.Action] = []
            if !isLast {
                let isRest = readiness == .ready && size == bytes.count - left
                switch mayLeave(item, readiness != .ready ? .nothing : isRest ? (hasBegun ? .last : .whole) : (hasBegun ? .middle : .first)) {
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

    private func mayLeave(_ item: Item, _ part: GatewaySession.Part) -> GatewaySession.Writing {
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

    private func writeServer() {
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

    private func writeClient() {
        while let item = next(\.toClient, orLeaving: false) {
            var outcome = write(item, to: options.output)
            // The client reads a line that is cut off, and then why.
            if case .refused(let left) = outcome, left > 0 { outcome = write(Item(line: []), to: options.output) }
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

    private func written(_ path: ReferenceWritableKeyPath<GatewayPump, Queue>) {
        locked {
            self[keyPath: path].isWriting = false
            condition.broadcast()
        }
    }

    private func next(_ path: ReferenceWritableKeyPath<GatewayPump, Queue>, orLeaving: Bool) -> Item? {
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
