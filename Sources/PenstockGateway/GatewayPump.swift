internal import Foundation
internal import Glibc
internal import Logging
internal import PenstockCore
internal import PenstockSystem
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

    let condition = NSCondition()
    var session: GatewaySession
    var toServer = OutgoingQueue()
    var toClient = OutgoingQueue()
    var isLeaving = false
    var status: Int32?
    var serverReaderEnded = false
    /// Questions that are not answered yet.
    var underWay = 0
    /// No question follows but from those.
    var isOver = false
    var hasBegunToEnd = false
    /// The server has left too much unread of what the gateway says itself.
    var isDeaf = false

    let child: ChildProcess
    let notes: Notes
    let options: GatewayOptions
    /// Closing `write` wakes every thread that waits for a descriptor.
    let stop: PipeEnds
    let questions: AsyncStream<Question>
    let asking: AsyncStream<Question>.Continuation
    private let subscription = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let over = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    init(
        _ session: GatewaySession, _ child: ChildProcess, _ options: GatewayOptions, stop: PipeEnds,
        logger: Logger
    ) {
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

    func locked<T>(_ body: () -> T) -> T {
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

    func answered() {
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
            case .toServer(let line, let ticket): toServer.add(OutgoingLine(line: line, ticket: ticket))
            case .toClient(let line, let delivery): toClient.add(OutgoingLine(line: line, delivery: delivery))
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
