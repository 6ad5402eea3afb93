internal import Foundation
internal import Glibc
internal import PenstockHTTP
internal import PenstockSystem

/// How a session begins and ends.
extension GatewayPump {
    /// Ends when the server has exited and everything it left is settled and said.
    func run(_ answer: @escaping @Sendable (Question) async -> Void) async -> Int32 {
        startThreads()
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

    private func startThreads() {
        let threads: [(name: String, body: @Sendable () -> Void)] = [
            ("server exit", awaitExit), ("client reader", readClient), ("server reader", readServer),
            ("server writer", writeServer), ("client writer", writeClient),
        ]
        for (name, body) in threads {
            do {
                try SystemThread(name: name, body: body)
            } catch {
                notes.say("the session ends: \(error)")
                signalServer(SIGKILL)
                if name == threads[0].name { awaitExit() }
                return
            }
        }
    }

    private func signalServer(_ signal: Int32) { locked { if status == nil { child.signal(signal) } } }

    /// The client's input has ended: what it asked for is answered within the grace, and then the session ends.
    func drain() {
        let limit = Date(timeIntervalSinceNow: Double(EvaluationCodec.milliseconds(options.grace)) / 1_000)
        condition.lock()
        while !isLeaving, status == nil, !isIdle, condition.wait(until: limit) {}
        condition.unlock()
        leave()
    }

    /// Nothing is under way in either direction.
    private var isIdle: Bool {
        session.outstanding == 0 && !session.isDelivering && toServer.isEmpty && !toServer.isWriting && toClient.isEmpty
            && !toClient.isWriting
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
        let ending = try? SystemThread(name: "server end") { [self] in
            for (signal, time) in [(SIGTERM, grace), (SIGKILL, grace / 2)] {
                guard !hasExited(within: time) else { return }
                signalServer(signal)
            }
        }
        if ending == nil { signalServer(SIGKILL) }
    }

    func beginToEnd() {
        let isFirst = locked {
            defer { hasBegunToEnd = true }
            return !hasBegunToEnd
        }
        if isFirst { options.onEnding() }
    }

    func hasExited(within time: Duration) -> Bool {
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
