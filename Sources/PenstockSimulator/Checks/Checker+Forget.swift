internal import PenstockCore

/// What is forgotten, held against the whole log, which forgets nothing.
extension Checker {
    func forgotten(_ forgetting: Forgetting, at position: Position, world: World) -> Violation? {
        let wall = world.host.clock.undisturbedWall(at: world.now)
        let facts = LogFacts(world.log, before: position)
        for issued in forgetting.grants {
            func broken(_ what: String) -> Violation {
                Violation(.log, "position \(position) forgets the grant of position \(issued), which \(what)")
            }
            guard case .grantIssued(let grant) = world.log.event(at: issued).kind else { return broken("is none") }
            if facts.forgotten.contains(issued) { return broken("was forgotten before") }
            let end = max(facts.renewed[grant.grantID] ?? grant.expiresAt, grant.renewableUntil)
            if end + Limits.keptMS > wall + Self.clockTolerance { return broken("ended too late") }
            if facts.children[grant.grantID]?.isSubset(of: facts.forgotten.union(forgetting.grants)) == false {
                return broken("has children")
            }
            if facts.out[grant.grantID] ?? 0 > 0 { return broken("has something out") }
        }
        return nil
    }

    /// Of the log's grants, by their ids.
    private struct LogFacts {
        var forgotten: Set<Position> = []
        var renewed: [String: WallTime] = [:]
        var children: [String: Set<Position>] = [:]
        var out: [String: Int] = [:]

        init(_ log: SimLog, before end: Position) {
            var slices: [Position: (grant: String, left: Int64)] = [:]
            for position in 1..<end {
                switch log.event(at: position).kind {
                case .grantIssued(let grant) where !grant.parent.isEmpty:
                    children[grant.parent, default: []].insert(position)
                case .grantRenewed(let id, let expiry): renewed[id] = expiry
                case .forgotten(let forgetting): forgotten.formUnion(forgetting.grants)
                case .sliceReserved(let slice): slices[position] = (slice.grantID, slice.amount)
                case .spendReported(let report):
                    for use in report.uses where use.used + use.returned >= slices[use.slice]?.left ?? .max {
                        slices[use.slice] = nil
                    }
                case .sliceClosed(let report): for use in report.uses { slices[use.slice] = nil }
                default: break
                }
            }
            for slice in slices.values { out[slice.grant, default: 0] += 1 }
        }
    }
}

extension World {
    func noteForgotten(_ forgetting: Forgetting) {
        if !forgetting.grants.isEmpty { coverage.note(.forgotten) }
        let isChild = forgetting.grants.contains { issued in
            if case .grantIssued(let grant) = log.event(at: issued).kind { !grant.parent.isEmpty } else { false }
        }
        if isChild { coverage.note(.forgottenChild) }
    }
}
