internal import PenstockCore
package import PenstockProto

/// How far one node's decisions are at the ledger.
package struct NodeCoverage: Encodable {
    package var node: String
    package var incarnation: String
    /// Its last decision that is here, by its number.
    package var shipped: UInt64
    /// Its last one, as it has said; null when it has said nothing since the ledger started.
    package var recorded: OrNull<UInt64>
    package var saidMsAgo: OrNull<Int64>

    package init(_ row: Penstock_V1_NodeDecisions) {
        (node, incarnation, shipped) = (row.node, Hex.encode(row.incarnation), row.shipped)
        (recorded, saidMsAgo) = (
            OrNull(row.saidMsAgo >= 0 ? row.recorded : nil), OrNull(row.saidMsAgo >= 0 ? row.saidMsAgo : nil)
        )
    }

    /// What is not here, as a sentence.
    package var shortfall: String? {
        guard let recorded = recorded.value, recorded > shipped else { return nil }
        let silence =
            (saidMsAgo.value ?? 0) > 10_000
            ? "; it was heard \((saidMsAgo.value ?? 0) / 1000) s ago" : "; --wait 3s waits for them"
        return
            "\(node) has recorded \(recorded - shipped) more, up to number \(recorded), that are not here yet\(silence)"
    }
}
