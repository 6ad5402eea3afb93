extension Follower {
    /// What the ledger is sent.
    func request(_ ask: Ask, _ author: some EventAuthor, _ wall: WallTime) -> NodeRequest {
        var progress = NodeProgress(incarnation: incarnation, applied: applied, heard: heard)
        func submit(_ kind: EventKind) -> NodeRequest { .submit(author.author(kind, at: wall)) }
        switch ask {
        case .prefix(let position):
            progress.applied = position
            return .acknowledge(progress, root: seen.root)
        case .echo(let nonce, let rates):
            progress.viewAgeMS = viewAgeMS
            return .echo(progress, root: root, nonce: nonce, rates)
        case .acknowledge(let urgent, let ended):
            (progress.urgent, progress.ended) = (urgent, ended)
            return .acknowledge(progress, root: root)
        case .snapshot: return .snapshot(position: 0, offset: 0)
        case .snapshotChunk(let position, let offset): return .snapshot(position: position, offset: offset)
        case .fetch(let from): return .fetch(from: from)
        case .reserve(_, let request): return .reserve(request)
        case .report(let uses):
            let uses = uses.sorted { $0.key < $1.key }.flatMap(\.value)
            return submit(.spendReported(SliceReport(incarnation: incarnation, uses: uses)))
        case .close(let uses, let incarnation, let reason, let bySuccessor):
            return submit(
                .sliceClosed(
                    SliceReport(incarnation: incarnation, uses: uses, reason: reason, bySuccessor: bySuccessor)))
        case .owe(let debt): return submit(.debtRecorded(debt))
        case .openSlices(let after): return .openSlices(after: after)
        case .cosign(let size, let root): return .cosign(size: size, root: root)
        case .checkpoint(let position): return .checkpoint(of: position)
        case .ship(let batch, let records):
            return .decisions(batch, records: records, author.author(.decisionBatch(batch), at: wall))
        }
    }
}
