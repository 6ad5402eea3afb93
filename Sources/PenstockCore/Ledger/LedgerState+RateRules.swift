/// Named rates.
extension LedgerState {
    func checkRate(_ named: NamedRate) throws(Refusal) {
        let name = named.rate.name
        guard !name.isEmpty, name.isPrintable, named.rate.unit.isPrintable, !name.contains("/") else {
            throw Refusal(.invalid, "a rate has a name without '/' or control characters, and a unit")
        }
        if let problem = named.rate.problem { throw Refusal(.invalid, problem) }
        guard named.selector.kind != .node, named.selector.value.utf8.count <= Limits.idBytes else {
            throw Refusal(.invalid, "a rate is for grants; a node has none")
        }
        if let problem = named.selector.coveringProblem { throw Refusal(.invalid, problem) }
        guard view.rate(.named(name)) == nil else { throw Refusal(.exists, "rate '\(name)' exists") }
        guard view.rates.count < Limits.namedRates else {
            throw Refusal(.full, "the mesh has \(Limits.namedRates) named rates, its limit")
        }
    }

    /// The nodes follow another limit as it reaches them; what is out stays within the larger of the two.
    func checkRateChange(_ rate: Rate, _ reason: String) throws(Refusal) {
        guard let old = view.rates.first(where: { $0.named.rate.name == rate.name })?.named.rate else {
            throw Refusal(.notFound, "no rate '\(rate.name)'")
        }
        guard old.unit == rate.unit else {
            throw Refusal(
                .invalid, "rate '\(rate.name)' is of \(old.unit); close it and make another one for \(rate.unit)")
        }
        if let problem = rate.problem { throw Refusal(.invalid, problem) }
        try checkText(reason)
    }
}
