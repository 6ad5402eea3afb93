/// A line, and what the session is asked by before it leaves; nothing for what the gateway itself says.
struct OutgoingLine {
    var line: [UInt8]
    var ticket: GatewaySession.Ticket?
    var delivery: GatewaySession.Delivery?

    var isOwn: Bool { ticket == nil && delivery == nil }
    var cost: Int { line.count + 64 }
}

/// Lines for one side, in the order in which the session decided.
struct OutgoingQueue {
    var items: [OutgoingLine] = []
    var taken = 0
    var bytes = 0
    /// Of those, what the gateway says itself.
    var ownBytes = 0
    /// Nothing more will be taken.
    var isClosed = false
    /// An item has been taken and is not written yet.
    var isWriting = false

    var isEmpty: Bool { taken == items.count }
    var isFull: Bool { bytes > GatewayLimits.queueBytes }

    mutating func add(_ item: OutgoingLine) {
        guard !isClosed else { return }
        items.append(item)
        bytes += item.cost
        ownBytes += item.isOwn ? item.cost : 0
    }

    mutating func take() -> OutgoingLine? {
        guard !isEmpty else { return nil }
        let item = items[taken]
        items[taken].line = []
        taken += 1
        bytes -= item.cost
        ownBytes -= item.isOwn ? item.cost : 0
        if taken > 1_024 || isEmpty {
            items.removeFirst(taken)
            taken = 0
        }
        return item
    }
}
