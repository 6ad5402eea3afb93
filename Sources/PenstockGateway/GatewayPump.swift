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

    private typealias Item = (line: [UInt8], ticket: GatewaySession.Ticket?, delivery: GatewaySession.Delivery?)

    private let condition = NSCondition()
    private var session: GatewaySession
    private var toServer = Queue()
    private var toClient = Queue()
    private var isLeaving = false
    /// Somebody waits for the process to end.
    private var isUrgent = false
    private var status: Int32?
    private var serverReaderEnded = false

    private let child: ChildProcess
    private let notes: Notes
    private let options: GatewayOptions
    /// Closing `write` wakes every thread that waits for a descriptor.
    private let stop: (read: Int32, write: Int32)
    private let questions: AsyncStream<Question>
    private let asking: AsyncStream<Question>.Continuation
    private let subscription = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    private struct Queue {
        var items: [Item] = []
        var taken = 0
        var bytes = 0
        /// Nothing more will be taken.
        var isClosed = false
        /// An item has been taken and is not written yet.
        var isWriting = false

        var isEmpty: Bool { taken == items.count }
        var isFull: Bool { bytes > GatewayLimits.queueBytes }

        mutating func add(_ item: Item) {
            guard !isClosed else { return }
            items.append(item)
            bytes += item.line.count + 64
        }

        mutating func take() -> Item? {
            guard !isEmpty else { return nil }
            let item = items[taken]
            items[taken].line = []
            taken += 1
            bytes -= item.line.count + 64
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
            let asked = queue(body(&session))
            condition.broadcast()
            return asked
        }
        for question in asked { asking.yield(question) }
    }

    private func queue(_ actions: [GatewaySession.Action]) -> [Question] {
        actions.compactMap { action in
            switch action {
            case .toServer(let line, let ticket): toServer.add((line, ticket, nil))
            case .toClient(let line, let delivery): toClient.add((line, nil, delivery))
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
                for await question in questions { group.addTask { await answer(question) } }
            }
        }
        await answering.value
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
    ///
    /// - Parameter isUrgent: within the time that a process has to end, whatever server and client do.
    func leave(isUrgent: Bool = false) {
        let isFirst = locked {
            defer { isLeaving = true }
            if isUrgent { self.isUrgent = true }
            condition.broadcast()
            return !isLeaving && status == nil
        }
        guard isFirst else { return }
        let grace = isUrgent ? min(options.grace, GatewayLimits.urgentGrace) : options.grace
        Thread {
            for signal in [SIGTERM, SIGKILL] {
                guard !self.hasExited(within: grace) else { return }
                self.locked { if self.status == nil { self.child.signal(signal) } }
            }
        }.start()
    }

    func kill() { locked { if status == nil { child.signal(SIGKILL) } } }

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
        // What the server said last is still in its pipe.
        let limit = Date(timeIntervalSinceNow: 1)
        condition.lock()
        status = isLeaving && code > 128 ? 0 : code
        toServer.isClosed = true
        condition.broadcast()
        while !serverReaderEnded, condition.wait(until: limit) {}
        // It may be known in a moment whether that may be passed on.
        let patience: TimeInterval = isUrgent ? 0.5 : 2
        let known = Date(timeIntervalSinceNow: patience)
        while session.isDelivering, condition.wait(until: known) {}
        condition.unlock()
        step { $0.serverEnded() }
        condition.lock()
        let last = Date(timeIntervalSinceNow: patience)
        while !toClient.isEmpty || toClient.isWriting || session.isDelivering, condition.wait(until: last) {}
        toClient.isClosed = true
        condition.broadcast()
        condition.unlock()
        close(stop.write)
        asking.finish()
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

    private func writeServer() {
        while let item = next(\.toServer, orLeaving: true) {
            var after: [GatewaySession.Action] = []
            if let ticket = item.ticket {
                var isDue = false
                step { session in
                    switch session.willWrite(ticket, at: Self.now) {
                    case .write(let actions):
                        isDue = true
                        after = actions
                        return []
                    case .drop(let actions): return actions
                    }
                }
                guard isDue else {
                    written(\.toServer)
                    continue
                }
            }
            let count = Descriptor.write(item.line + [10], to: child.input, stop: stop.read)
            written(\.toServer)
            step { _ in after }
            guard count <= item.line.count else { continue }
            if let ticket = item.ticket { step { $0.couldNotWrite(ticket, untouched: count == 0) } }
            // Half a line is lost, and with it the line after it.
            if count > 0 { break }
        }
        locked { toServer.isClosed = true }
        close(child.input)
    }

    private func writeClient() {
        while let item = next(\.toClient, orLeaving: false) {
            if let delivery = item.delivery {
                var isDue = false
                step { session in
                    isDue = session.mayDeliver(delivery, at: Self.now)
                    return isDue ? [] : session.putBack(item.line, delivery)
                }
                guard isDue else {
                    written(\.toClient)
                    continue
                }
            }
            let bytes = item.line + [10]
            let isWritten = Descriptor.write(bytes, to: options.output, stop: stop.read) == bytes.count
            if !isWritten { locked { toClient.isClosed = true } }
            written(\.toClient)
            if !isWritten {
                leave()
                return
            }
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
