/// What stands on a grant, and what a selector covers.
extension View {
    /// Which levels of restriction stand on something.
    package struct Marks: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let revoked = Marks(rawValue: 1)
        package static let suspended = Marks(rawValue: 2)
        package static let throttled = Marks(rawValue: 4)
        /// A budget covers it, which no lifting takes away.
        package static let budgeted = Marks(rawValue: 8)
        /// So does a rate.
        package static let rated = Marks(rawValue: 16)
        /// A call under it cost more than it held, and no operator has accepted that.
        package static let frozen = Marks(rawValue: 32)
        /// What lifting a restriction leaves.
        static let lasting: Marks = [.budgeted, .rated, .frozen]
    }

    /// Every level that stands on a grant, by any selector, through it or through a grant it was delegated from.
    @inline(__always)
    package func marks(onGrant index: Int) -> Marks {
        var marks = meshMarks
        var index = index
        while true {
            let grant = grants[index]
            marks.formUnion(self.marks[Int(grant.grant)])
            marks.formUnion(self.marks[Int(grant.run)])
            marks.formUnion(self.marks[Int(grant.agent)])
            marks.formUnion(self.marks[Int(grant.agentClass)])
            marks.formUnion(self.marks[Int(grant.principal)])
            marks.formUnion(self.marks[Int(grant.purpose)])
            marks.formUnion(self.marks[Int(grant.audience)])
            marks.formUnion(self.marks[Int(grant.issuer)])
            if grant.parent < 0 { return marks }
            index = Int(grant.parent)
        }
    }

    package func marks(onNode name: String) -> Marks {
        symbols.find(.node, name).map { marks[Int($0)] } ?? []
    }

    package func covers(_ selector: Selector, _ index: Int) -> Bool {
        switch selector {
        case .all: true
        case .node: false
        default: symbol(of: selector).map { covers(selector.kind, $0, index) } ?? false
        }
    }

    func symbol(of selector: Selector) -> Symbol? {
        symbols.find(selector.kind == .subtree ? .grant : selector.kind, selector.value)
    }

    func covers(_ kind: Selector.Kind, _ symbol: Symbol, _ index: Int) -> Bool {
        let grant = grants[index]
        return grant.symbol(kind) == symbol || (grant.parent >= 0 && covers(kind, symbol, Int(grant.parent)))
    }

    /// The level that would stand on a grant that is not in the view yet.
    package func marks(onNewGrant grant: Grant, issuer: String) -> Marks {
        func mark(_ kind: Selector.Kind, _ value: String) -> Marks {
            symbols.find(kind, value).map { marks[Int($0)] } ?? []
        }
        var result = meshMarks.union(mark(.grant, grant.grantID)).union(mark(.run, grant.runID))
        result.formUnion(mark(.agent, grant.agentID))
        result.formUnion(mark(.agentClass, grant.agentClass))
        result.formUnion(mark(.principal, grant.principalID))
        result.formUnion(mark(.purpose, grant.purpose))
        result.formUnion(mark(.audience, grant.audience))
        result.formUnion(mark(.issuer, issuer))
        if let parent = index(ofGrant: grant.parent) { result.formUnion(marks(onGrant: parent)) }
        return result
    }
}

extension View.Marks {
    init(_ level: Restriction.Level) {
        switch level {
        case .revoke: self = .revoked
        case .suspend: self = .suspended
        case .throttle, .scale: self = .throttled
        }
    }
}
