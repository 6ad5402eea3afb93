/// Which node each incarnation belongs to: the one whose message was the first to name it. A name is one key's for
/// ever, so the owner is both.
///
/// Law: it is a function of the log. Of a node, the incarnations that were named last are known, and those that have
/// slices or debts open; the others are forgotten, oldest first.
package struct Owners: Sendable {
    private var nodes: [Incarnation: String] = [:]
    /// By node, in the order in which they were named first.
    private var known: [String: [Incarnation]] = [:]
    /// How many of them had something open when they were last looked through: so looking through costs the same per
    /// name.
    private var kept: [String: Int] = [:]

    /// A node's incarnations that are known, in the order in which they were named first.
    package struct Node: Hashable, Sendable {
        package var name: String
        package var incarnations: [Incarnation]
        package var kept: Int

        package init(name: String, incarnations: [Incarnation], kept: Int) {
            self.name = name
            self.incarnations = incarnations
            self.kept = kept
        }
    }

    package init() {}

    /// In canonical order.
    package var image: [Node] {
        known.sorted { $0.key < $1.key }
            .map { Node(name: $0.key, incarnations: $0.value, kept: kept[$0.key, default: 0]) }
    }

    /// Nil where an incarnation is two nodes', or twice one's.
    init?(image: [Node]) {
        for node in image {
            guard known.updateValue(node.incarnations, forKey: node.name) == nil, node.kept >= 0,
                node.kept <= node.incarnations.count
            else { return nil }
            if node.kept > 0 { kept[node.name] = node.kept }
            for incarnation in node.incarnations where nodes.updateValue(node.name, forKey: incarnation) != nil {
                return nil
            }
        }
    }

    package func node(of incarnation: Incarnation) -> String? { nodes[incarnation] }

    func incarnations(of node: String) -> [Incarnation] { known[node] ?? [] }

    package var count: Int { nodes.count }

    /// - Parameter isOpen: whether slices or debts of an incarnation are open.
    mutating func note(_ incarnation: Incarnation, of node: String, isOpen: (Incarnation) -> Bool) {
        guard nodes[incarnation] == nil else { return }
        nodes[incarnation] = node
        known[node, default: []].append(incarnation)
        guard known[node]!.count > 2 * (Limits.ownedPerNode + kept[node, default: 0]) else { return }
        let old = known[node]!.dropLast(Limits.ownedPerNode)
        let open = old.filter(isOpen)
        for incarnation in Set(old).subtracting(open) { nodes[incarnation] = nil }
        known[node] = open + known[node]!.suffix(Limits.ownedPerNode)
        kept[node] = open.count
    }
}

extension EventKind {
    /// The incarnation that the event speaks of or for.
    package var namedIncarnation: Incarnation? {
        switch self {
        case .sliceReserved(let slice): slice.incarnation
        case .spendReported(let report), .sliceClosed(let report): report.incarnation
        case .debtRecorded(let debt): debt.incarnation
        case .decisionBatch(let batch): batch.incarnation
        default: nil
        }
    }
}

extension Ledger {
    /// Whether a member may speak of an incarnation. Every message that names one is asked this, before anything else
    /// is made of it; an operator names those of others, to close what they have left.
    package func admit(_ incarnation: Incarnation, from sender: NodeKeys) throws(Refusal) {
        // It stands for leases of other nodes, which no word of this one may settle.
        guard incarnation != .unknown else { throw Refusal(.malformed, "an incarnation is random") }
        guard sender.role == .enforcer else { return }
        let owner = next.owners.node(of: incarnation) ?? presence.presences[incarnation]?.node
        guard owner ?? sender.name == sender.name else {
            throw Refusal(.notPermitted, "the incarnation is another node's")
        }
    }
}
