internal import CMalloc
internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockGatekeeper
internal import PenstockJournal
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire

/// Does what the turn says, in its order.
extension Link {
    func perform() {
        for effect in follower.next(signer, wall: Clocks.wall(), at: Clocks.now()) { perform(effect) }
    }

    private func perform(_ effect: NodeEffect) {
        switch effect {
        case .send(let request, let id):
            if let message = message(request) { _ = dealer.send(encode(Request(id: id, message))) }
        case .wake(let news): enforcer.waiters.wake(news)
        case .wakeAll: enforcer.waiters.wakeAll()
        case .restrict(let calls): cancel(calls)
        case .openCheckpoint(let note): openCheckpoint(note)
        case .openSnapshot(let snapshot): openSnapshot(snapshot)
        case .readDecisions(let first, let last): readDecisions(from: first, through: last)
        case .noteSeen(let seen): note(seen)
        case .carry:
            let recorder = Recorder(enforcer.journal)
            while enforcer.state.withAll({ follower.carry($0, recorder) }) {}
            perform()
        case .releaseJournal(let last):
            do {
                try enforcer.journal.release(through: last)
            } catch {
                logger.error("journal segments were not released", metadata: ["error": "\(error)"])
            }
        case .subscribe: for lane in [urgent, log] { lane.subscribe() }
        case .measureJournal:
            take(.journal(isLow: enforcer.journal.room.isLow))
            perform()
        case .report(let report): log(report)
        }
    }

    private func cancel(_ calls: [Shard.Cancelled]) {
        let cancelled = calls.map {
            Cancellation(
                decisionID: Enforcer.decisionID(enforcer.incarnation, $0.decision), reason: $0.reason,
                credential: $0.credential)
        }
        // The last one says that previews from before count no more.
        enforcer.observers.send(cancelled + [Cancellation(decisionID: "", reason: .revoked)])
    }

    private func note(_ seen: SeenLog) {
        do {
            try Seen(seen).save(enforcer.options.dataFolder)
        } catch {
            logger.error("the log seen was not noted", metadata: ["error": "\(error)"])
        }
    }

    private func log(_ report: NodeReport) {
        switch report {
        case .viewLoaded(let position):
            // What loading took goes back to the system.
            malloc_trim(0)
            logger.info("view loaded", metadata: ["position": "\(position)"])
        case .halted(let why): logger.critical("halted", metadata: ["why": "\(why)"])
        case .refusedReport(let refusal):
            logger.warning("a report was refused", metadata: ["why": "\(refusal)"])
        case .refusedDebt(let debt, let refusal):
            logger.error(
                "a debt was refused for good, and nobody charges it",
                metadata: ["debt": "\(debt)", "why": "\(refusal)"])
        case .skippedDecisions(let through, let why):
            logger.error("decisions were not shipped", metadata: ["through": "\(through)", "why": "\(why)"])
        case .journalIsLow:
            logger.warning(
                """
                the journal is nearly full: the ledger does not take decisions up, or this disk is full; then calls \
                are denied as unrecordable
                """,
                metadata: journalRoom)
        case .journalHasRoom: logger.info("the journal has room again", metadata: journalRoom)
        }
    }
    private var journalRoom: Logger.Metadata {
        let room = enforcer.journal.room
        return ["used": "\(room.usedBytes)", "limit": "\(room.limitBytes)", "free_on_disk": "\(room.freeDiskBytes)"]
    }
}
