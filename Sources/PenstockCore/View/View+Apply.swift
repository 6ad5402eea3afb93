extension View {
    /// Folds the next event. The ledger has checked it against the rules before it gave it a position;
    /// what is asserted here is only what a fold cannot go on without.
    package mutating func apply(_ event: Event, at next: Position) throws(FoldError) {
        guard next == position + 1 else {
            throw FoldError(position: next, problem: "expected position \(position + 1)")
        }
        if next == 1, event.kind.name != .genesis {
            throw FoldError(position: 1, problem: "a log begins with its genesis")
        }
        guard next == 1 || event.mesh == mesh else {
            throw FoldError(position: next, problem: "event of mesh '\(event.mesh)'")
        }
        try fold(event, at: next)
        // The log says what stands at this position, whatever the urgent lane said of it before.
        if let ahead = restrictions[next], ahead.eventID != event.id {
            drop(restriction: next)
        }
        position = next
    }

    /// Takes a restriction from the urgent lane, ahead of its position. Returns whether it stands there now.
    package mutating func applyAhead(_ event: Event, at ahead: Position) -> Bool {
        guard ahead > position, event.mesh == mesh, case .restricted(let restriction) = event.kind else { return false }
        if let standing = restrictions[ahead] { return standing.eventID == event.id }
        stand(StandingRestriction(restriction, of: event), at: ahead)
        return true
    }

    private mutating func fold(_ event: Event, at next: Position) throws(FoldError) {
        switch event.kind {
        case .genesis(let nodes, let settings):
            guard next == 1 else { throw FoldError(position: next, problem: "a second genesis") }
            mesh = event.mesh
            self.settings = settings
            for keys in nodes { members[keys.name] = Member(keys: keys, admittedAt: next, expelledAt: 0) }
        case .nodeAdmitted(let keys, let tokenHash):
            members[keys.name] = Member(keys: keys, admittedAt: next, expelledAt: 0)
            tokens[tokenHash]?.used = true
        case .nodeExpelled(let name, _):
            members[name]?.expelledAt = next
        case .joinTokenMade(let token):
            tokens[token.hash] = TokenState(token: token, used: false)
        case .settingsChanged(let settings):
            self.settings = settings
        case .grantIssued(let grant):
            try add(grant, issuer: event.origin, at: next)
        case .grantRenewed(let id, let expiresAt):
            guard let index = index(ofGrant: id) else {
                throw FoldError(position: next, problem: "renews unknown grant \(id)")
            }
            grants[index].expiresAt = expiresAt
        case .restricted(let restriction):
            if restrictions[next]?.eventID != event.id { stand(StandingRestriction(restriction, of: event), at: next) }
        case .lifted(let lifting):
            for id in lifting.eventIDs {
                if let position = restricted.position(ofEvent: id) { drop(restriction: position) }
            }
        case .budgetCreated(let budget):
            add(budget)
        case .budgetCeilingSet(.named(let name), let ceiling, _):
            if let index = budgetOfName[name] { budgets[index].ceiling = ceiling }
        case .debtSettled(let settlement, _): accept([settlement.position])
        case .budgetChanged(let changed, _): change(changed)
        case .budgetClosed(let name, _):
            if let index = budgetOfName[name] { budgets[index].isClosed = true }
        case .rateChanged(let rate, _):
            if let index = rates.firstIndex(where: { $0.named.rate.name == rate.name }) {
                rates[index].named.rate = rate
            }
        case .rateClosed(let name, _): rates.removeAll { $0.named.rate.name == name }
        case .rateCreated(let named):
            add(PlacedRate(position: next, named: named))
        case .debtRecorded(let debt):
            add(debt, at: next)
        case .debtsAccepted(let positions, _):
            accept(positions)
        case .epochOpened, .budgetCeilingSet, .budgetWarned, .windowOpened, .sliceReserved, .spendReported,
            .sliceClosed, .decisionBatch, .timeAccepted,
            .timeNoted:
            break
        case .forgotten(let forgetting): try forget(forgetting, by: event.createdAt, at: next)
        }
    }

    mutating func add(_ grant: Grant, issuer: String, at next: Position) throws(FoldError) {
        guard grants.count < Int(Int32.max), index(of: grant.credentialDigest) == nil else {
            throw FoldError(position: next, problem: "a credential was issued twice")
        }
        let symbol = intern(.grant, grant.grantID)
        guard grantOfSymbol[symbol] == nil else {
            throw FoldError(position: next, problem: "grant \(grant.grantID) was issued twice")
        }
        let parent = grant.parent.isEmpty ? -1 : index(ofGrant: grant.parent).map(Int32.init)
        guard let parent else { throw FoldError(position: next, problem: "unknown parent \(grant.parent)") }
        let grant = parent < 0 ? grant : grant.narrowed(under: placedGrant(Int(parent)).grant)
        var shape = GrantRules(grant, unitOf: { budget($0)?.unit })
        if parent >= 0 {
            let above = rules[Int(grants[Int(parent)].rules)]
            shape.meteredUnits = Set(shape.meteredUnits + above.meteredUnits).sorted()
            shape.isRated = shape.isRated || above.isRated
        }
        let record = GrantRecord(
            position: next, credential: grant.credentialDigest, confirmation: grant.confirmation,
            notBefore: grant.notBefore, expiresAt: grant.expiresAt, renewableUntil: grant.renewableUntil, grant: symbol,
            run: intern(.run, grant.runID),
            agent: intern(.agent, grant.agentID), agentClass: intern(.agentClass, grant.agentClass),
            principal: intern(.principal, grant.principalID), purpose: intern(.purpose, grant.purpose),
            audience: intern(.audience, grant.audience), issuer: intern(.issuer, issuer), parent: parent,
            rules: number(shape))
        let index = place(record)
        credentials.insert(grant.credentialDigest, at: index, in: grants)
        grantOfSymbol[symbol] = Int32(index)
        if parent >= 0 { children[parent, default: 0] += 1 }
    }

    mutating func mark(_ selector: Selector, _ added: Marks) {
        if selector == .all { meshMarks.formUnion(added) } else { marks[Int(intern(selector))].formUnion(added) }
    }

    mutating func intern(_ selector: Selector) -> Symbol {
        intern(selector.kind == .subtree ? .grant : selector.kind, selector.value)
    }

    mutating func intern(_ kind: Selector.Kind, _ text: String) -> Symbol {
        let symbol = symbols.intern(kind, text)
        if Int(symbol) == marks.count { marks.append([]) }
        return symbol
    }
}

/// The log cannot be folded further: the node must stop serving.
package struct FoldError: Error, Equatable, CustomStringConvertible {
    package var position: Position
    package var problem: String

    package init(position: Position, problem: String) {
        self.position = position
        self.problem = problem
    }

    package var description: String { "log position \(position): \(problem)" }
}
