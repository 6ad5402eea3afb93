/// What the ledger forgets, and what it keeps of it.
extension LedgerState {
    /// Forgets what the ledger alone keeps of grants, before the view forgets them.
    mutating func forget(_ grants: [Position], at position: Position) throws(FoldError) {
        guard !grants.isEmpty else { return }
        let owing = book.owingGrants
        var (ids, budgets): (Set<String>, [BudgetKey]) = ([], [])
        for issued in grants {
            guard let index = view.index(issuedAt: issued) else {
                throw FoldError(position: position, problem: "forgets no grant at position \(issued)")
            }
            let id = view.symbols.text(view.grants[index].grant)
            guard !book.hasOpenSlices(ofGrant: id), !owing.contains(id) else {
                throw FoldError(
                    position: position, problem: "forgets the grant of position \(issued), of which something is out")
            }
            ids.insert(id)
            budgets += view.ownBudgets(ofGrant: index)
            forgotten[IDHash(id)] = issued
        }
        book.forget(ids, budgets: budgets)
    }

    /// Where the log has a grant that is forgotten, as far as its id tells: its event says whether it is that one.
    package func forgottenGrant(_ id: String) -> Position? { forgotten[IDHash(id)] }

    /// No id is issued twice, also of a grant that is forgotten.
    func checkID(_ grant: Grant) throws(Refusal) {
        guard view.index(ofGrant: grant.grantID) == nil, forgottenGrant(grant.grantID) == nil else {
            throw Refusal(.exists, "grant \(grant.grantID) exists")
        }
        // Accounts are found by texts as Unicode compares them.
        guard grant.budgets.allSatisfy({ book.entries[.grant(grant.grantID, unit: $0.unit)] == nil }) else {
            throw Refusal(.exists, "grant_id differs from another grant's only in how Unicode writes it")
        }
    }

    /// Whether nothing can come of a grant any more.
    func isForgettable(_ index: Int, owing: Set<String>, by time: WallTime, keptMS: Int64) -> Bool {
        guard view.isOver(index, by: time, keptMS: keptMS), !view.hasChildren(index) else { return false }
        let id = view.symbols.text(view.grants[index].grant)
        return !book.hasOpenSlices(ofGrant: id) && !owing.contains(id)
    }
}

/// Of a grant's id, by FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/): 64 bits in place of up to 256 bytes. An
/// issuer who makes two ids meet has used up the second one, as if it had issued it.
package struct IDHash: Hashable, Sendable, Comparable {
    package var bits: UInt64

    package init(bits: UInt64) { self.bits = bits }

    package init(_ id: String) {
        bits = id.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0100_0000_01b3 }
    }

    package static func < (a: Self, b: Self) -> Bool { a.bits < b.bits }
}
