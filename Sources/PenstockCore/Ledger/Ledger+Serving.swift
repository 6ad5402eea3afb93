/// Whether the ledger serves.
extension Ledger {
    package func checkServing() throws(Refusal) {
        if let halted { throw Refusal(.halted, "the ledger has stopped: \(halted)") }
        guard awaited.isEmpty else {
            let nodes = awaited.sorted().joined(separator: ", ")
            throw Refusal(
                .recovering,
                "the log was restored from a backup; \(nodes) must tell first how far it had seen the log",
                retryAfterMS: 1000)
        }
    }
}
