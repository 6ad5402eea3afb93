/// Calls that hold an amount until they are settled, and what became of calls that were named by an id.
///
/// Every step costs the same, however many there are.
package struct CallTable: Sendable {

    private struct Entry: Sendable {
        var name: CallName
        var named: Named
        /// The next that was settled, of the same grant.
        var next: Int32 = -1
    }

    struct GrantHolds: Sendable {
        var count = 0
        var first: Int32 = -1

        /// Returns which one was the first before.
        mutating func begin(_ place: Int32) -> Int32 {
            defer { (count, first) = (count + 1, place) }
            return first
        }
    }

    struct GrantNames: Sendable {
        var count = 0
        var oldest: Int32 = -1
        var newest: Int32 = -1
    }

    private(set) var holds: AgedSlots<Hold>
    private var places: [UInt64: Int32] = [:]
    private(set) var holdsOf: [Int32: GrantHolds] = [:]
    /// Linked are those that are settled.
    private var names: AgedSlots<Entry>
    private var placeOf: [CallName: Int32] = [:]
    private(set) var namesOf: [Int32: GrantNames] = [:]
    /// How the last ones ended, each in the place that its number modulo `endsKept` names: whichever ended last is
    /// kept.
    private var ends: ContiguousArray<(decision: UInt64, end: End)> = []

    private let openHolds: Int
    private let callIDs: Int
    private let endsKept: Int

    /// - Parameter count: tables that share a node's bounds: each has its part, and room for one grant's holds.
    package init(oneOf count: Int = 1) {
        openHolds = max(Limits.openHoldsPerGrant, Limits.openHolds / count)
        callIDs = Limits.callIDs / count
        endsKept = Self.endsKept / count
        holds = AgedSlots(
            room: openHolds,
            blank: Hold(
                decision: 0, grant: -1, debits: [], amounts: CallAmounts(), calls: 0, call: HeldCall(), usableUntil: 0))
        names = AgedSlots(
            room: callIDs + openHolds,
            blank: Entry(
                name: CallName(grant: -1, callID: ""), named: Named(content: .zero, decision: 0, settled: true)))
    }

    // MARK: Holds

    package var holdCount: Int { holds.count }

    /// Whether a grant may hold for one more call.
    package func hasRoom(grant: Int32) -> Bool {
        if holds.count < Limits.openHoldsPerGrant { return true }
        return holds.count < openHolds && holdsOf[grant]?.count ?? 0 < Limits.openHoldsPerGrant
    }

    /// Where the hold of a decision is.
    package func place(_ decision: UInt64) -> Int32? { places[decision] }

    package func grant(at place: Int32) -> Int32 { holds[place].grant }
    package func holds(_ unit: String, at place: Int32) -> Bool { holds[place].amounts.index(of: unit) != nil }

    /// The decision whose hold has been open for too long, if there is one.
    package func overdue(at now: Instant) -> UInt64? {
        holds.oldest >= 0 && holds[holds.oldest].endsAt <= now ? holds[holds.oldest].decision : nil
    }

    /// - Parameter content: of a call that has an id.
    package mutating func add(_ hold: Hold, name: CallName?, content: Digest) {
        var hold = hold
        if let name { hold.name = insert(name, Named(content: content, decision: hold.decision, settled: false)) }
        // In the order in which they came, whatever lease each was given under.
        if holds.newest >= 0 { hold.endsAt = max(hold.endsAt, holds[holds.newest].endsAt) }
        let place = holds.insert(hold)
        holds.link(place)
        places[hold.decision] = place
        let next = holdsOf[hold.grant, default: GrantHolds()].begin(place)
        holds[place].next = next
        if next >= 0 { holds[next].previous = place }
    }

    /// Ends a hold; nil when it is unknown or ended before.
    package mutating func end(_ decision: UInt64, _ end: End) -> Hold? {
        guard let place = places.removeValue(forKey: decision) else { return nil }
        holds.unlink(place)
        let hold = holds.remove(place)
        if hold.next >= 0 { holds[hold.next].previous = hold.previous }
        if hold.previous >= 0 { holds[hold.previous].next = hold.next }
        let own = holdsOf.index(forKey: hold.grant)!
        if hold.previous < 0 { holdsOf.values[own].first = hold.next }
        holdsOf.values[own].count -= 1
        if holdsOf.values[own].count == 0 { holdsOf.remove(at: own) }
        if hold.name >= 0 { settle(hold.name) }
        if ends.isEmpty { ends = ContiguousArray(repeating: (0, .settled), count: endsKept) }
        ends[Int(decision % UInt64(endsKept))] = (decision, end)
        return hold
    }

    /// How a hold ended, of the last ones that did.
    package func end(of decision: UInt64) -> End? {
        guard !ends.isEmpty, decision > 0 else { return nil }
        let last = ends[Int(decision % UInt64(endsKept))]
        return last.decision == decision ? last.end : nil
    }

    /// Grants that have calls under way.
    package var holdingGrants: some Sequence<Int32> { holdsOf.keys }

    /// The decisions of a grant's holds that were not cancelled before.
    package mutating func cancel(grant: Int32) -> [UInt64] {
        var cancelled: [UInt64] = []
        var place = holdsOf[grant]?.first ?? -1
        while place >= 0 {
            if !holds[place].isCancelled {
                holds[place].isCancelled = true
                cancelled.append(holds[place].decision)
            }
            place = holds[place].next
        }
        return cancelled
    }

    // MARK: Names

    package func named(_ name: CallName) -> Named? { placeOf[name].map { names[$0].named } }

    /// What a call id stood for that was spent at once.
    package mutating func remember(_ name: CallName, content: Digest, decision: UInt64) {
        settle(insert(name, Named(content: content, decision: decision, settled: false)))
    }

    private mutating func insert(_ name: CallName, _ named: Named) -> Int32 {
        if placeOf.isEmpty { placeOf.reserveCapacity(callIDs + openHolds) }
        let place = names.insert(Entry(name: name, named: named))
        placeOf[name] = place
        return place
    }

    /// From here on it may be forgotten, once enough others of its grant, or of all, are settled.
    private mutating func settle(_ place: Int32) {
        let grant = names[place].name.grant
        names[place].named.settled = true
        names.link(place)
        var own = namesOf[grant] ?? GrantNames()
        if own.newest >= 0 { names[own.newest].next = place } else { own.oldest = place }
        own.newest = place
        own.count += 1
        namesOf[grant] = own
        if own.count > min(callIDs, Limits.callIDsPerGrant) { forget(own.oldest) }
        if names.linked > callIDs { forget(names.oldest) }
    }

    /// The oldest of all is the oldest of its grant.
    mutating func forget(_ place: Int32) {
        names.unlink(place)
        let entry = names.remove(place)
        placeOf[entry.name] = nil
        let grant = entry.name.grant
        namesOf[grant]!.oldest = entry.next
        namesOf[grant]!.count -= 1
        if entry.next < 0 { namesOf[grant] = nil }
    }

    /// How far back decisions are told apart that have ended, by their numbers.
    static let endsKept = 1 << 16
}
