/// A view laid out in canonical order, as snapshots carry it: equal views give equal images.
///
/// It leaves out what no decision reads: a grant's audit context stays in the log.
package struct ViewImage: Hashable, Sendable {
    package var mesh: String
    package var position: Position
    package var settings: Settings
    package var members: [View.Member]
    package var restrictions: [PlacedRestriction]
    package var grants: [PlacedGrant]
    package var tokens: [View.TokenState]
    package var budgets: [Budget]
    package var rates: [View.PlacedRate]
    package var debts: [View.OpenDebt]

    package struct PlacedRestriction: Hashable, Sendable {
        package var position: Position
        package var standing: View.StandingRestriction
        package init(position: Position, standing: View.StandingRestriction) {
            self.position = position
            self.standing = standing
        }
    }

    package struct PlacedGrant: Hashable, Sendable {
        package var position: Position
        package var issuer: String
        package var grant: Grant
        package init(position: Position, issuer: String, grant: Grant) {
            self.position = position
            self.issuer = issuer
            self.grant = grant
        }
    }

    package init(
        mesh: String, position: Position, settings: Settings, members: [View.Member], restrictions: [PlacedRestriction],
        grants: [PlacedGrant], tokens: [View.TokenState], budgets: [Budget], rates: [View.PlacedRate] = [],
        debts: [View.OpenDebt] = []
    ) {
        self.mesh = mesh
        self.position = position
        self.settings = settings
        self.members = members
        self.restrictions = restrictions
        self.grants = grants
        self.tokens = tokens
        self.budgets = budgets
        self.rates = rates
        self.debts = debts
    }
}

extension View {
    package var image: ViewImage { image(grants: handles.indices) }

    /// Restrictions ahead of the position are left out: they are not part of the fold yet.
    ///
    /// - Parameter range: places in `handles`.
    package func image(grants range: Range<Int>) -> ViewImage {
        ViewImage(
            mesh: mesh, position: position, settings: settings,
            members: members.values.sorted { $0.keys.name < $1.keys.name },
            restrictions: restrictions.filter { $0.key <= position }.sorted { $0.key < $1.key }
                .map { .init(position: $0.key, standing: $0.value) },
            grants: range.map { placedGrant(Int(handles[$0])) },
            tokens: tokens.values.sorted { $0.token.hash.bytes.lexicographicallyPrecedes($1.token.hash.bytes) },
            budgets: budgets, rates: rates, debts: debts.values.sorted { $0.position < $1.position })
    }

    package func placedGrant(_ index: Int) -> ViewImage.PlacedGrant {
        let record = grants[index]
        let shape = rules[Int(record.rules)]
        var grant = Grant()
        grant.grantID = symbols.text(record.grant)
        grant.runID = symbols.text(record.run)
        grant.agentID = symbols.text(record.agent)
        grant.agentClass = symbols.text(record.agentClass)
        grant.principalID = symbols.text(record.principal)
        grant.purpose = symbols.text(record.purpose)
        grant.audience = symbols.text(record.audience)
        grant.workload = shape.workload
        grant.confirmation = record.confirmation
        grant.allowedActions = shape.actions.map(\.written)
        grant.resources = shape.resources.map(\.written)
        grant.conditions = shape.compiled.map(\.condition)
        grant.notBefore = record.notBefore
        grant.expiresAt = record.expiresAt
        grant.renewableUntil = record.renewableUntil
        grant.budgets = shape.budgets
        grant.maxAmounts = shape.maxAmounts
        grant.draws = shape.draws
        grant.rates = shape.rates
        grant.maxStalenessMS = shape.maxStalenessMS
        grant.linearizable = shape.linearizable
        grant.graceMS = shape.graceMS
        grant.parent = record.parent < 0 ? "" : symbols.text(grants[Int(record.parent)].grant)
        grant.delegate = shape.delegate
        grant.credentialDigest = record.credential
        grant.approvalActions = shape.approvalActions.map(\.written)
        return .init(position: record.position, issuer: symbols.text(record.issuer), grant: grant)
    }

    package init(image: ViewImage) throws(FoldError) {
        self.init()
        mesh = image.mesh
        settings = image.settings
        for member in image.members { members[member.keys.name] = member }
        for token in image.tokens { tokens[token.token.hash] = token }
        for budget in image.budgets { add(budget) }
        for rate in image.rates { add(rate) }
        for debt in image.debts { add(debt) }
        reserveCapacity(grants: image.grants.count)
        try add(image.grants)
        for placed in image.restrictions { stand(placed.standing, at: placed.position) }
        position = image.position
    }

    /// Adds what an image has left out. Parents come before their children.
    package mutating func add(_ placed: [ViewImage.PlacedGrant]) throws(FoldError) {
        for placed in placed { try add(placed.grant, issuer: placed.issuer, at: placed.position) }
    }

    /// Makes room once, so that loading a snapshot does not grow every table by doubling.
    package mutating func reserveCapacity(grants count: Int) {
        grants.reserveInHugePages(count)
        handles.reserveCapacity(count)
        // As a rule a grant brings two texts of its own: its id, and its run's.
        symbols.reserveCapacity(count * 2)
        marks.reserveCapacity(count * 2)
        grantOfSymbol.reserveCapacity(count)
        credentials.reserveCapacity(count, in: grants)
    }
}
