extension GrantRecord {
    /// What it has of a selector's kind; nil of `node` and `all`, which are about no grant.
    package func symbol(_ kind: Selector.Kind) -> Symbol? {
        switch kind {
        case .grant, .subtree: grant
        case .run: run
        case .agent: agent
        case .agentClass: agentClass
        case .principal: principal
        case .purpose: purpose
        case .audience: audience
        case .issuer: issuer
        case .node, .all: nil
        }
    }

    /// What it has of each kind.
    func forEachSymbol(_ body: (_ symbol: Symbol, _ kind: Selector.Kind) -> Void) {
        body(grant, .grant)
        body(run, .run)
        body(agent, .agent)
        body(agentClass, .agentClass)
        body(principal, .principal)
        body(purpose, .purpose)
        body(audience, .audience)
        body(issuer, .issuer)
    }
}
