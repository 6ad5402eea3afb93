package import PenstockCore
internal import PenstockGatekeeper
internal import PenstockSystem

/// Reads the view a bounded part at a time, so that a revoke never waits for a search.
extension Enforcer: Directory {
    package func credentials(of kind: Selector.Kind, _ id: String) async -> [Digest]? {
        let subject = SubjectIndex.Subject(kind: kind, id: ByteText(id))
        var entry = subjects[subject]
        read(after: entry.through, of: kind, id) { grant in
            entry.credentials.append(grant.credential)
            entry.through = grant.position
        }
        let (known, live) = standing(entry.credentials)
        entry.credentials = known
        subjects.keep(entry, of: subject)
        guard live.count <= Limits.grantsPerSubject else { return nil }
        return live.isEmpty ? Array(known.suffix(1)) : live
    }

    /// Calls the body for each grant of a subject, under its shard's lock.
    private func read(
        after: Position, of kind: Selector.Kind, _ id: String, _ body: (GrantRecord) -> Void
    ) {
        var place: Position? = after
        while let after = place {
            place = state.withShard(0) { enforcement -> Position? in
                guard let symbol = enforcement.view.symbol(kind, id) else { return nil }
                return enforcement.view.eachGrant(after: after, looked: Limits.grantsPerPart) { _, grant in
                    if grant.symbol(kind) == symbol { body(grant) }
                }
            }
        }
    }

    /// Those that may be live again, with the newest whatever it is, and those that are live.
    private func standing(_ credentials: [Digest]) -> (known: [Digest], live: [Digest]) {
        var (known, live) = ([Digest](), [Digest]())
        for start in stride(from: 0, to: credentials.count, by: Limits.grantsPerPart) {
            let part = credentials[start..<min(start + Limits.grantsPerPart, credentials.count)]
            state.withShard(0) { enforcement in
                let time = enforcement.node.earliestTime(at: Clocks.now())
                for credential in part {
                    guard let index = enforcement.view.index(of: credential) else { continue }
                    let state = enforcement.view.state(ofGrant: index, at: time)
                    if state != .expired || credential == credentials.last { known.append(credential) }
                    if state == .live { live.append(credential) }
                }
            }
        }
        return (known, live)
    }

    package func credential(among credentials: [Digest], allowing call: Call) async -> Digest? {
        var call = call
        for start in stride(from: 0, to: credentials.count, by: Limits.grantsAskedPerPart) {
            let part = credentials[start..<min(start + Limits.grantsAskedPerPart, credentials.count)]
            let first = state.withShard(0) { enforcement -> Digest? in
                let now = Clocks.now()
                return part.first { credential in
                    call.credential = credential
                    // As of a call that is made, apart from when it came.
                    return enforcement.node.preview(call, arrivedAt: .min, now: now).isAllow
                }
            }
            if let first { return first }
        }
        return nil
    }

    package func bounds(of credential: Digest) -> (actions: [String], resources: [String])? {
        state.withShard(0) { enforcement -> (actions: [String], resources: [String])? in
            guard let index = enforcement.view.index(of: credential) else { return nil }
            let rules = enforcement.view.rules[Int(enforcement.view.grants[index].rules)]
            return (rules.actions.map(\.written), rules.resources.map(\.written))
        }
    }
}
