internal import Dispatch
internal import Foundation
internal import Glibc
package import Logging
package import PenstockCore
package import PenstockGatekeeper
package import PenstockHTTP
internal import PenstockNode
internal import PenstockSystem
internal import Synchronization

/// What a gateway runs and for whom.
package struct GatewayOptions: Sendable {
    /// The server: a program, looked up in PATH, and its arguments.
    package var command: [String]
    /// The agent's credential, as digest.
    package var credential: Digest
    /// Asked before each question: another credential, where the agent's was replaced.
    package var renewed: @Sendable () -> Digest? = { nil }
    /// What `mcp_server` resources are called.
    package var serverID = "mcp"
    /// What tool calls cost.
    package var prices: PriceTable?
    /// How long a decision may wait for a slice.
    package var patience: Duration = .seconds(2)
    /// The same for the first answer of the enforcer.
    package var firstPatience: Duration = .seconds(10)
    /// Of the server. Ours without what configures Penstock: the server has no business with the credential.
    package var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PENSTOCK_") }
    /// Between closing the server's input and SIGTERM; half of it from there to SIGKILL.
    package var grace: Duration = .seconds(2)
    /// Where the client is.
    package var input: Int32 = 0
    package var output: Int32 = 1
    /// Whether SIGTERM, SIGINT and SIGHUP end the session in order.
    package var handlesSignals = true
    /// Called once when the session begins to end, by whatever cause.
    package var onEnding: @Sendable () -> Void = {}

    package init(command: [String], credential: Digest) {
        self.command = command
        self.credential = credential
    }
}

/// A signal that is handled for a while, instead of what it did before.
private struct Signal {
    private let number: Int32
    private let before: sighandler_t?
    private let source: any DispatchSourceSignal

    init(_ number: Int32, _ handler: @escaping @Sendable () -> Void) {
        self.number = number
        before = Glibc.signal(number, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: handler)
        source.resume()
    }

    func end() {
        source.cancel()
        Glibc.signal(number, before)
    }
}

/// Gates one stdio MCP server: runs it, and lets pass what the gatekeeper allows.
package struct Gateway: Sendable {
    private let gatekeeper: any Gatekeeper
    private let hash: @Sendable ([UInt8]) -> Digest
    private let options: GatewayOptions
    private let logger: Logger
    private let current: Current

    /// The credential that questions are asked with.
    private final class Current: Sendable {
        let credential: Mutex<Digest>
        init(_ credential: Digest) { self.credential = Mutex(credential) }
    }

    package init(_ gatekeeper: any Gatekeeper, hashing: Hashing, options: GatewayOptions, logger: Logger) {
        self.gatekeeper = gatekeeper
        self.hash = hashing.hash
        self.options = options
        self.logger = logger
        current = Current(options.credential)
    }

    private func bearing(_ call: Call) -> Call {
        var call = call
        call.credential = current.credential.withLock { credential in
            if let renewed = options.renewed() { credential = renewed }
            return credential
        }
        return call
    }

    /// Runs until the server has exited, which closing the client's side, a signal or cancelling the task bring about.
    /// Leaves no process behind.
    ///
    /// - Returns: the server's exit status; 128 and the signal that ended it; 0 when it had to be ended because the
    ///   client left; 127 when it could not be started.
    package func run() async -> Int32 { await report().status }

    /// The same, with what there is to say at the end.
    package func report() async -> (status: Int32, counters: GatewaySession.Counters) {
        // Writing to a server that has gone is an error to handle, not a reason to die.
        Glibc.signal(SIGPIPE, SIG_IGN)
        let session = GatewaySession(
            credential: options.credential, serverID: options.serverID, prices: options.prices, hash: hash)
        let pump: GatewayPump
        do {
            guard let stop = PipeEnds() else { throw SpawnError.noPipe(errno) }
            let child = try ChildProcess.spawn(options.command, environment: options.environment)
            pump = GatewayPump(session, child, options, stop: stop, logger: logger)
        } catch {
            logger.error("\(printed(error))")
            return (127, session.counters)
        }
        let signals = options.handlesSignals ? [SIGTERM, SIGINT, SIGHUP].map { Signal($0) { pump.leave() } } : []
        defer { signals.forEach { $0.end() } }
        let watching = Task { await watch(pump) }
        let asking = Task { await pulse(pump) }
        // Subscribed before the first line is read: nothing runs that could not be stopped.
        await pump.subscribed()
        let status = await withTaskCancellationHandler {
            await pump.run { await answer($0, pump) }
        } onCancel: {
            pump.leave()
        }
        watching.cancel()
        asking.cancel()
        let counters = pump.counters
        logger.info(
            "session ended",
            metadata: [
                "forwarded": "\(counters.forwarded)", "denied": "\(counters.denied)",
                "cancelled": "\(counters.cancelled)",
                "refused": "\(counters.refused)", "dropped": "\(counters.dropped)", "status": "\(status)",
            ])
        return (status, counters)
    }

    private func answer(_ question: GatewayPump.Question, _ pump: GatewayPump) async {
        switch question {
        case .check(let ticket, let call):
            let askedAt = GatewayPump.now
            let decision = await gatekeeper.check(bearing(call), patience: options.patience)
            pump.step { $0.decided(ticket, decision, askedAt: askedAt) }
        case .preview(let ticket, let calls):
            let reasons = await previews(calls, pump)
            pump.step { $0.previewed(ticket, reasons) }
        case .standing(let call):
            let (standing, askedAt) = await standing(call, pump)
            pump.step { $0.stands(standing, askedAt: askedAt) }
        case .settle(let permitID, let amounts, let priced):
            do { try await gatekeeper.settle(permitID, actual: amounts, priced: priced) } catch {
                // The hold stays charged in full. What a table priced may have come to less, or to more.
                logger.log(
                    level: priced == .none ? .debug : .warning, "not settled: what was held stays charged",
                    metadata: [
                        "decision_id": "\(decisionID(permitID))", "error": "\(printed(error))",
                        "basis": "\(priced.basis)",
                    ])
            }
        case .release(let permitID):
            do { try await gatekeeper.release(permitID) } catch {
                logger.notice(
                    "not released: stays charged",
                    metadata: ["decision_id": "\(decisionID(permitID))", "error": "\(printed(error))"])
            }
        }
    }

    /// Asks about several at once. What says nothing of its own entry, no answer in time among it, says that for all.
    private func previews(_ calls: [Call], _ pump: GatewayPump) async -> [Reason] {
        await withTaskGroup(of: (index: Int, reason: Reason)?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                let started = ContinuousClock.now
                while ContinuousClock.now - started < GatewayLimits.listTime, !pump.hasEnded, !Task.isCancelled {
                    try? await Task.sleep(for: .milliseconds(Int(GatewayLimits.lookMS)))
                }
                return nil
            }
            var reasons = [Reason](repeating: .none, count: calls.count)
            var (asked, answered) = (0, 0)
            while answered < calls.count {
                while asked < calls.count, asked - answered < GatewayLimits.previewsAtOnce {
                    group.addTask { [gatekeeper, asked] in
                        (asked, await gatekeeper.preview(bearing(calls[asked])).reason)
                    }
                    asked += 1
                }
                guard let answer = await group.next() ?? nil else { return reasons.map { _ in .noView } }
                guard ListFilter.verdict(answer.reason) != .unknown else { return reasons.map { _ in answer.reason } }
                reasons[answer.index] = answer.reason
                answered += 1
            }
            return reasons
        }
    }

    /// Waits for a view as long as a decision would for a slice; at a session's start, as long as a node may need to
    /// get one.
    private func standing(_ call: Call, _ pump: GatewayPump) async -> (Preview, askedAt: Int64) {
        let patience =
            pump.hasStood.load(ordering: .relaxed) ? options.patience : max(options.patience, options.firstPatience)
        let started = ContinuousClock.now
        while true {
            let askedAt = GatewayPump.now
            let standing = await gatekeeper.preview(bearing(call))
            let isUnknown = standing.reason == .noView || standing.reason == .staleView
            if !isUnknown { pump.hasStood.store(true, ordering: .relaxed) }
            guard isUnknown, ContinuousClock.now - started < patience, !pump.hasEnded else {
                return (standing, askedAt)
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// What of a permit's id may stand in a log: without its last part, which is secret.
    private func decisionID(_ permitID: String) -> Substring {
        permitID[..<(permitID.lastIndex(of: "-") ?? permitID.startIndex)]
    }

    /// A grant may expire while a call runs and nobody says anything.
    private func pulse(_ pump: GatewayPump) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            pump.step { $0.pulse() }
        }
    }

    private func watch(_ pump: GatewayPump) async {
        var pause: Duration = .milliseconds(100)
        while !Task.isCancelled {
            let cancellations = gatekeeper.cancellations()
            pump.step { session in
                session.cancellationsResumed()
                return []
            }
            pump.noteSubscribed()
            let started = ContinuousClock.now
            for await cancellation in cancellations { pump.step { $0.cancelled(cancellation) } }
            let before = pump.counters.cancelled
            pump.step { $0.cancellationsLost() }
            guard !Task.isCancelled else { return }
            let stopped = pump.counters.cancelled - before
            if stopped > 0 {
                logger.warning("cancellations are no longer told: \(stopped) calls under way were stopped")
            }
            pause = ContinuousClock.now - started > .seconds(5) ? .milliseconds(100) : min(pause * 2, .seconds(1))
            try? await Task.sleep(for: pause)
        }
    }
}
