internal import Foundation
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import PenstockWire
internal import SwiftProtobuf

/// Pages of grants: a row's audit context is not in the view, but in the event that issued the grant.
extension DecisionSearch {
    /// - Parameter position: of the view that the part was read from.
    func describe(_ part: View.Part<View.GrantRow>, at position: Position, for incoming: Sequencer.Incoming) -> Bool {
        answer(incoming) { [self] () throws(StoreError) in .grants(try page(part, at: position)) }
    }

    private func page(_ part: View.Part<View.GrantRow>, at position: Position) throws(StoreError)
        -> Penstock_V1_GrantPage
    {
        var page = Penstock_V1_GrantPage()
        (page.position, page.count, page.next) = (position, UInt64(part.count), part.next ?? 0)
        var bytes = 0
        for row in part.rows {
            var proto = row.proto
            if let issued = try grant(issuedAt: row.placed.position) {
                proto.grant.grant.policyVersion = issued.policyVersion
                proto.grant.grant.promptHash = Data(issued.promptHash)
                proto.grant.grant.toolVersion = issued.toolVersion
            }
            bytes += encode(proto).count
            page.rows.append(proto)
            guard bytes >= Limits.pageBytes else { continue }
            if page.rows.count < part.rows.count {
                (page.next, page.count) = (row.placed.position, UInt64(page.rows.count))
            }
            break
        }
        return page
    }

    private func grant(issuedAt position: Position) throws(StoreError) -> Grant? { try issued(at: position)?.grant }

    /// A grant as its event states it, and whose event it is; nil where the log has no such event any more.
    func issued(at position: Position) throws(StoreError) -> (grant: Grant, issuer: String)? {
        guard let stored = try store.read(from: position, maxCount: 1, maxBytes: Limits.eventBytes).first,
            let event = (try? SignedEvent(entry: stored.bytes))?.event, case .grantIssued(let grant) = event.kind
        else { return nil }
        return (grant, event.origin)
    }

    /// What a grant's event says: of one that is forgotten, nothing else is known.
    func subjects(_ positions: Set<Position>) throws(StoreError) -> [Penstock_V1_GrantInForce] {
        var all: [Penstock_V1_GrantInForce] = []
        for position in positions.sorted() {
            guard let (grant, issuer) = try issued(at: position) else { continue }
            all.append(
                .with {
                    $0.position = position
                    $0.issuer = issuer
                    ($0.grantID, $0.runID, $0.agentID) = (grant.grantID, grant.runID, grant.agentID)
                    ($0.agentClass, $0.principalID) = (grant.agentClass, grant.principalID)
                    ($0.purpose, $0.audience) = (grant.purpose, grant.audience)
                    $0.expiresAtMs = grant.expiresAt
                    $0.policyVersion = grant.policyVersion
                    $0.promptHash = Data(grant.promptHash)
                })
        }
        return all
    }

    // MARK: Forgotten grants

    /// The grant of an id, as it was issued; no row where the event is of another one.
    func describe(
        forgotten id: String, issuedAt issued: Position, at position: Position, for incoming: Sequencer.Incoming
    )
        -> Bool
    {
        answer(incoming) { [self] () throws(StoreError) in
            var page = Penstock_V1_GrantPage()
            page.position = position
            if let (grant, issuer) = try self.issued(at: issued), grant.grantID.isSame(as: id) {
                page.rows = [
                    .with {
                        $0.grant = ViewImage.PlacedGrant(position: issued, issuer: issuer, grant: grant).proto
                        $0.grant.grant.credentialDigest = Data()
                        $0.state = .grantForgotten
                    }
                ]
                page.count = 1
            }
            return .grants(page)
        }
    }

    /// Finds out which grants of a batch's records are meant that the view has forgotten. Each event is read once.
    func look(atGrantsOf batch: DecisionBatchRow, _ found: inout Found) throws(StoreError) {
        var unknown: Set<Position> = []
        let looked = found.looked
        DecisionRecord.forEach(inBatch: batch.bytes) { _, bytes in
            if let grant = DecisionRecord.Head(bytes)?.grant, grant > 0, !looked.contains(grant) {
                unknown.insert(grant)
            }
        }
        found.looked.formUnion(unknown)
        for position in unknown.sorted() {
            guard let (grant, issuer) = try issued(at: position) else { continue }
            let isMeant = found.question.texts.allSatisfy { kind, text in
                (kind == .issuer ? issuer : grant.text(kind)).isSame(as: text)
            }
            if isMeant { found.filter.forgotten.insert(position) }
        }
    }
}

extension Grant {
    /// What it states of a selector's kind; empty where it states nothing.
    fileprivate func text(_ kind: Selector.Kind) -> String {
        switch kind {
        case .grant, .subtree: grantID
        case .run: runID
        case .agent: agentID
        case .agentClass: agentClass
        case .principal: principalID
        case .purpose: purpose
        case .audience: audience
        case .issuer, .node, .all: ""
        }
    }
}
