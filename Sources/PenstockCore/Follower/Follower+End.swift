/// A clean stop: slices go back, and the ledger need not wait for the lease to run out.
extension Follower {
    mutating func end(_ enforcement: inout Enforcement) {
        guard phase == .live else { return }
        phase = .ending
        enforcement.closeAll()
        pending.asks += closes(of: enforcement.unclosed(limit: .max))
        pending.asks.append(.acknowledge(urgent: [], ended: true))
        noteSeen()
    }

    /// Slices that have come since, by answers to requests that were under way, go back as well.
    mutating func endLate(_ enforcement: inout Enforcement) {
        let known = Set(enforcement.unclosed(limit: .max).map(\.slice))
        enforcement.closeAll()
        pending.asks += closes(of: enforcement.unclosed(limit: .max).filter { !known.contains($0.slice) })
        if !isGivingBack { noteSeen() }
    }

    /// A slice that was asked for may have been granted already: the ledger's answer tells.
    package var isGivingBack: Bool {
        func givesBack(_ ask: Ask) -> Bool {
            switch ask {
            case .close, .reserve: true
            default: false
            }
        }
        return phase == .ending && (pending.asks.contains(where: givesBack) || outstanding.contains(where: givesBack))
    }

    private func closes(of uses: [SliceReport.Use]) -> [Ask] {
        Follower.pages(uses, of: Limits.usesPerReport).map {
            .close($0, of: incarnation, reason: "stop", bySuccessor: false)
        }
    }
}
