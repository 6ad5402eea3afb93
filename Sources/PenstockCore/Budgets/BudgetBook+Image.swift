/// The book in canonical order. What follows from these parts is left out: counts, indices, and which budgets are
/// pressed.
extension BudgetBook {
    package struct Image: Hashable, Sendable {
        package var entries: [PlacedEntry]
        package var open: [PlacedSlice]
        package var debts: [PlacedDebt]
        /// In the order of their numbers; here they are numbered from 0 on, whatever was forgotten.
        package var accounts: [Account]
        /// Oldest first.
        package var requests: [Request]
        package var returns: UInt64

        package init(
            entries: [PlacedEntry], open: [PlacedSlice], debts: [PlacedDebt], accounts: [Account], requests: [Request],
            returns: UInt64
        ) {
            self.entries = entries
            self.open = open
            self.debts = debts
            self.accounts = accounts
            self.requests = requests
            self.returns = returns
        }
    }

    package struct PlacedEntry: Hashable, Sendable {
        package var key: BudgetKey
        package var entry: BudgetEntry
        package init(key: BudgetKey, entry: BudgetEntry) { (self.key, self.entry) = (key, entry) }
    }

    package struct PlacedSlice: Hashable, Sendable {
        package var position: Position
        package var open: OpenSlice
        package init(position: Position, open: OpenSlice) { (self.position, self.open) = (position, open) }
    }

    package struct PlacedDebt: Hashable, Sendable {
        package var position: Position
        package var owed: OwedDebt
        package init(position: Position, owed: OwedDebt) { (self.position, self.owed) = (position, owed) }
    }

    package struct Request: Hashable, Sendable {
        package var id: Incarnation
        package var slices: [RequestedSlice]
        package init(id: Incarnation, slices: [RequestedSlice]) { (self.id, self.slices) = (id, slices) }
    }

    package struct RequestedSlice: Hashable, Sendable {
        package var position: Position
        package var slice: Slice
        package init(position: Position, slice: Slice) { (self.position, self.slice) = (position, slice) }
    }

    package var image: Image {
        let accounts = accountNames.sorted { $0.key < $1.key }
        let places = Dictionary(uniqueKeysWithValues: zip(accounts.lazy.map(\.key), Int64(0)...))
        return Image(
            entries: entries.sorted { $0.key < $1.key }.map { key, entry in
                var entry = entry
                entry.renumber(places)
                return .init(key: key, entry: entry)
            },
            open: open.sorted { $0.key < $1.key }.map { position, open in
                var open = open
                // Every account has a place.
                open.account = places[open.account]!
                return .init(position: position, open: open)
            },
            debts: debts.sorted { $0.key < $1.key }.map { .init(position: $0.key, owed: $0.value) },
            accounts: accounts.map(\.value),
            requests: requestsByAge.map { id in
                Request(id: id, slices: slices(forRequest: id).map { .init(position: $0.position, slice: $0.slice) })
            },
            returns: returns)
    }

    /// - Throws: where an account is out of balance, or a slice or a debt names one that is not there.
    package init(image: Image) throws(BudgetEntry.Imbalance) {
        self.init()
        guard image.returns < 1 << 62 else { throw .init("more has come back than ever can") }
        returns = image.returns
        for account in image.accounts {
            guard self.account(account.grant, account.unit) == nil else { throw .init("an account has two numbers") }
            add(account)
        }
        for placed in image.entries {
            try placed.entry.checkFigures()
            guard placed.entry.holders.keys.allSatisfy({ accountNames[$0.account] != nil }) else {
                throw .init("a holder has an account that is not there")
            }
            guard entries.updateValue(placed.entry, forKey: placed.key) == nil else {
                throw .init("a budget has two accounts")
            }
            press(placed.key)
        }
        for placed in image.open { try add(placed) }
        for placed in image.debts { try add(placed) }
        for request in image.requests {
            guard byRequest.updateValue(request.slices.map { ($0.position, $0.slice) }, forKey: request.id) == nil
            else {
                throw .init("a request is there twice")
            }
            requestsByAge.append(request.id)
        }
    }

    private mutating func add(_ placed: PlacedSlice) throws(BudgetEntry.Imbalance) {
        let slice = placed.open
        let isWhole =
            (0...Limits.amount).contains(slice.slice.amount) && slice.used >= 0 && slice.returned >= 0
            && slice.used <= slice.slice.amount
            && slice.returned <= slice.slice.amount - slice.used && accountNames[slice.account] != nil
        guard isWhole, slice.levels.allSatisfy(has), open[placed.position] == nil else {
            throw .init("the slice of position \(placed.position) contradicts the accounts")
        }
        opened(slice, at: placed.position)
    }

    private mutating func add(_ placed: PlacedDebt) throws(BudgetEntry.Imbalance) {
        let owed = placed.owed
        let name = DebtName(incarnation: owed.debt.incarnation, decision: owed.debt.decision)
        let isWhole = owed.charges.allSatisfy {
            entries[$0.level.key] != nil && owed.debt.amounts.indices.contains($0.part)
                && (0...Limits.sum).contains($0.amount) && (0...$0.amount).contains($0.debt)
        }
        guard isWhole, debtOf.updateValue(placed.position, forKey: name) == nil,
            debts.updateValue(owed, forKey: placed.position) == nil
        else { throw .init("the debt of position \(placed.position) contradicts the accounts") }
        if !owed.isAccepted { openOf[owed.debt.incarnation, default: (0, 0)].debts += 1 }
    }

    private func has(_ level: Level) -> Bool {
        entries[level.key]?.windows.contains { $0.number == level.window } ?? false
    }
}
