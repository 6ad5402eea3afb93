internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import SwiftProtobuf

extension EventKind {
    init(_ proto: Penstock_V1_EventBody.OneOf_Kind) throws(WireError) {
        switch proto {
        case .genesis(let value):
            var nodes: [NodeKeys] = []
            for node in value.nodes { nodes.append(try NodeKeys(node)) }
            self = .genesis(nodes, Settings(value.settings))
        case .nodeAdmitted(let value):
            self = .nodeAdmitted(try NodeKeys(value.node), tokenHash: try digest(value.tokenHash))
        case .nodeExpelled(let value): self = .nodeExpelled(name: value.name, reason: value.reason)
        case .joinTokenMade(let value):
            self = .joinTokenMade(
                JoinToken(hash: try digest(value.tokenHash), role: try Role(value.role), expiresAt: value.expiresAtMs))
        case .epochOpened(let value): self = .epochOpened(value.epoch, reason: value.reason)
        case .settingsChanged(let value): self = .settingsChanged(Settings(value.settings))
        case .grantIssued(let value): self = .grantIssued(try Grant(value.grant))
        case .grantRenewed(let value): self = .grantRenewed(grantID: value.grantID, expiresAt: value.expiresAtMs)
        case .restricted(let value): self = .restricted(try Restriction(value))
        case .lifted(let value):
            var ids: [Digest] = []
            for id in value.eventIds { ids.append(try digest(id)) }
            self = .lifted(Lifting(eventIDs: ids, reason: value.reason, expired: value.expired))
        case .budgetCreated(let value): self = .budgetCreated(try Budget(value))
        case .budgetCeilingSet(let value):
            guard value.ceiling >= 0 else { throw WireError(.malformed, "a ceiling is negative") }
            self = .budgetCeilingSet(try BudgetKey(value), ceiling: value.ceiling, reason: value.reason)
        case .budgetWarned(let value):
            guard !value.name.isEmpty, value.percent > 0, value.settled >= 0 else {
                throw WireError(.malformed, "a warning lacks its budget or its percentage")
            }
            self = .budgetWarned(name: value.name, percent: value.percent, settled: value.settled)
        case .windowOpened(let value): self = .windowOpened(try WindowOpening(value))
        case .debtRecorded(let value): self = .debtRecorded(try Debt(value))
        case .debtsAccepted(let value):
            guard !value.positions.isEmpty, !value.positions.contains(0) else {
                throw WireError(.malformed, "debts are accepted by their positions")
            }
            self = .debtsAccepted(value.positions, reason: value.reason)
        case .rateCreated(let value): self = .rateCreated(try NamedRate(value))
        case .sliceReserved(let value): self = .sliceReserved(try Slice(value))
        case .spendReported(let value):
            self = .spendReported(
                SliceReport(incarnation: try incarnation(value.incarnation), uses: try uses(value.uses)))
        case .sliceClosed(let value):
            self = .sliceClosed(
                SliceReport(
                    incarnation: try incarnation(value.incarnation), uses: try uses(value.uses), reason: value.reason,
                    bySuccessor: value.bySuccessor))
        case .decisionBatch(let value):
            self = .decisionBatch(
                DecisionBatch(
                    incarnation: try incarnation(value.incarnation), firstSequence: value.firstSequence,
                    count: value.count,
                    digest: try digest(value.digest)))
        case .timeAccepted(let value): self = .timeAccepted(leapMS: value.leapMs, reason: value.reason)
        case .timeNoted: self = .timeNoted
        case .debtSettled(let value): self = .debtSettled(try DebtSettlement(value), reason: value.reason)
        case .budgetChanged(let value): self = .budgetChanged(try BudgetChange(value), reason: value.reason)
        case .budgetClosed(let value):
            guard !value.name.isEmpty else { throw WireError(.malformed, "a closed budget lacks its name") }
            self = .budgetClosed(value.name, reason: value.reason)
        case .rateChanged(let value): self = .rateChanged(try Rate(value.rate), reason: value.reason)
        case .rateClosed(let value):
            guard !value.name.isEmpty else { throw WireError(.malformed, "a closed rate lacks its name") }
            self = .rateClosed(value.name, reason: value.reason)
        case .forgotten(let value): self = .forgotten(try Forgetting(value))
        }
    }

    var proto: Penstock_V1_EventBody.OneOf_Kind {
        switch self {
        case .genesis(let nodes, let settings):
            .genesis(
                .with {
                    $0.nodes = nodes.map(\.proto)
                    $0.settings = settings.proto
                })
        case .nodeAdmitted(let keys, let hash):
            .nodeAdmitted(
                .with {
                    $0.node = keys.proto
                    $0.tokenHash = Data(hash.bytes)
                })
        case .nodeExpelled(let name, let reason):
            .nodeExpelled(
                .with {
                    $0.name = name
                    $0.reason = reason
                })
        case .joinTokenMade(let token): .joinTokenMade(token.proto)
        case .epochOpened(let epoch, let reason):
            .epochOpened(.with { ($0.epoch, $0.reason) = (epoch, reason) })
        case .settingsChanged(let settings): .settingsChanged(.with { $0.settings = settings.proto })
        case .grantIssued(let grant): .grantIssued(.with { $0.grant = grant.proto })
        case .grantRenewed(let id, let expiresAt):
            .grantRenewed(
                .with {
                    $0.grantID = id
                    $0.expiresAtMs = expiresAt
                })
        case .restricted(let restriction): .restricted(restriction.proto)
        case .lifted(let lifting):
            .lifted(
                .with {
                    $0.eventIds = lifting.eventIDs.map { Data($0.bytes) }
                    $0.reason = lifting.reason
                    $0.expired = lifting.expired
                })
        case .budgetCreated(let budget): .budgetCreated(budget.proto)
        case .budgetCeilingSet(let key, let ceiling, let reason):
            .budgetCeilingSet(
                .with {
                    switch key {
                    case .named(let name): $0.name = name
                    case .grant(let id, let unit): ($0.grantID, $0.unit) = (id, unit)
                    }
                    $0.ceiling = ceiling
                    $0.reason = reason
                })
        case .budgetWarned(let name, let percent, let settled):
            .budgetWarned(
                .with {
                    $0.name = name
                    $0.percent = percent
                    $0.settled = settled
                })
        case .windowOpened(let opening): .windowOpened(opening.proto)
        case .debtRecorded(let debt): .debtRecorded(debt.proto)
        case .debtsAccepted(let positions, let reason):
            .debtsAccepted(
                .with {
                    $0.positions = positions
                    $0.reason = reason
                })
        case .rateCreated(let named): .rateCreated(named.proto)
        case .debtSettled(let settlement, let reason):
            .debtSettled(
                .with {
                    $0.position = settlement.position
                    ($0.reported, $0.charged) = (settlement.reported.map(\.proto), settlement.charged.map(\.proto))
                    $0.reason = reason
                })
        case .budgetChanged(let change, let reason):
            .budgetChanged(
                .with {
                    $0.name = change.name
                    if let parent = change.parent { $0.parent = parent }
                    if let most = change.maxOut { $0.maxOut = most }
                    if let warnAt = change.warnAt { $0.warnAt = .with { $0.percent = warnAt } }
                    $0.reason = reason
                })
        case .budgetClosed(let name, let reason): .budgetClosed(.with { ($0.name, $0.reason) = (name, reason) })
        case .rateChanged(let rate, let reason): .rateChanged(.with { ($0.rate, $0.reason) = (rate.proto, reason) })
        case .rateClosed(let name, let reason): .rateClosed(.with { ($0.name, $0.reason) = (name, reason) })
        case .sliceReserved(let slice): .sliceReserved(slice.proto)
        case .spendReported(let report):
            .spendReported(
                .with {
                    $0.incarnation = Data(report.incarnation.bytes)
                    $0.uses = report.uses.map(\.proto)
                })
        case .sliceClosed(let report):
            .sliceClosed(
                .with {
                    $0.incarnation = Data(report.incarnation.bytes)
                    $0.uses = report.uses.map(\.proto)
                    $0.reason = report.reason
                    $0.bySuccessor = report.bySuccessor
                })
        case .decisionBatch(let batch):
            .decisionBatch(
                .with {
                    $0.incarnation = Data(batch.incarnation.bytes)
                    $0.firstSequence = batch.firstSequence
                    $0.count = batch.count
                    $0.digest = Data(batch.digest.bytes)
                })
        case .timeAccepted(let leap, let reason):
            .timeAccepted(
                .with {
                    $0.leapMs = leap
                    $0.reason = reason
                })
        case .timeNoted: .timeNoted(.init())
        case .forgotten(let forgetting): .forgotten(forgetting.proto)
        }
    }
}

func digest(_ data: Data) throws(WireError) -> Digest {
    guard let digest = Digest(data) else { throw WireError(.malformed, "a digest has 32 bytes") }
    return digest
}

func incarnation(_ data: Data) throws(WireError) -> Incarnation {
    guard let incarnation = Incarnation(data) else { throw WireError(.malformed, "an incarnation has 16 bytes") }
    return incarnation
}

private func uses(_ protos: [Penstock_V1_SliceUse]) throws(WireError) -> [SliceReport.Use] {
    var uses: [SliceReport.Use] = []
    uses.reserveCapacity(protos.count)
    for proto in protos { uses.append(try SliceReport.Use(proto)) }
    return uses
}
