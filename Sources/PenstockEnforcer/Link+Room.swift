internal import Logging
internal import PenstockCore
internal import PenstockJournal

extension Link {
    /// Says once that the journal comes near its end, and once that it has room again: what is full denies every call.
    func reportJournalRoom() {
        let room = enforcer.journal.room
        guard room.isLow != isJournalLow else { return }
        isJournalLow = room.isLow
        let metadata: Logger.Metadata = [
            "used": "\(room.usedBytes)", "limit": "\(room.limitBytes)", "free_on_disk": "\(room.freeDiskBytes)",
        ]
        if room.isLow {
            logger.warning(
                "the journal is nearly full: the ledger does not take decisions up, or this disk is full; then calls are denied as unrecordable",
                metadata: metadata)
        } else {
            logger.info("the journal has room again", metadata: metadata)
        }
    }
}
