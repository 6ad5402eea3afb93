internal import PenstockCore
internal import PenstockStore
internal import Testing

/// What every event store must do. `make` opens a new empty store; `reopen` closes the one given, which nothing else
/// may refer to any more, and opens its log again.
func checkEventStoreConformance(
    make: () throws -> any EventStore, reopen: (consuming any EventStore) throws -> any EventStore
) throws {
    try checkAppend(try make())
    try checkFencing(try make())
    try checkDuplicates(try make())
    try checkReading(try make())
    try checkSizeLimit(try make())
    try checkReopening(make: make, reopen: reopen)
}

private func checkAppend(_ store: any EventStore) throws {
    #expect(try store.head() == LogHead(position: 0, epoch: 0))
    #expect(try store.read(from: 1, maxCount: 10, maxBytes: 1000) == [])
    let empty = try store.head()
    #expect(try store.openEpoch(1, ifHead: empty) == .appended(LogHead(position: 0, epoch: 1)))

    let two = LogHead(position: 2, epoch: 1)
    #expect(try store.append([event(1), event(2)], ifHead: 0, epoch: 1) == .appended(two))
    #expect(try store.head() == two)
    #expect(try store.append([event(3)], ifHead: 0, epoch: 1) == .conflict(two))
    #expect(try store.append([event(3)], ifHead: 3, epoch: 1) == .conflict(two))
    #expect(try store.position(of: id(3)) == nil)
    #expect(try store.append([], ifHead: 2, epoch: 1) == .appended(two))
    #expect(try store.append([], ifHead: 1, epoch: 1) == .conflict(two))
    #expect(try store.append([event(3)], ifHead: 2, epoch: 1) == .appended(LogHead(position: 3, epoch: 1)))
    #expect(try store.position(of: id(1)) == 1)
    #expect(try store.position(of: id(3)) == 3)
}

private func checkFencing(_ store: any EventStore) throws {
    let first = LogHead(position: 0, epoch: 3)
    #expect(try store.openEpoch(3, ifHead: store.head()) == .appended(first))
    #expect(try store.openEpoch(3, ifHead: first) == .fenced(first))
    #expect(try store.openEpoch(2, ifHead: first) == .fenced(first))
    #expect(try store.openEpoch(4, ifHead: LogHead(position: 1, epoch: 3)) == .conflict(first))
    #expect(try store.openEpoch(4, ifHead: LogHead(position: 0, epoch: 2)) == .conflict(first))
    #expect(try store.openEpoch(4, ifHead: first) == .appended(LogHead(position: 0, epoch: 4)))

    let second = LogHead(position: 0, epoch: 4)
    #expect(try store.append([event(1)], ifHead: 0, epoch: 3) == .fenced(second))
    #expect(try store.append([event(1)], ifHead: 9, epoch: 3) == .fenced(second), "fenced comes before conflict")
    #expect(try store.append([event(1)], ifHead: 0, epoch: 5) == .fenced(second), "an epoch nobody opened")
    #expect(try store.append([event(1)], ifHead: 0, epoch: 4) == .appended(LogHead(position: 1, epoch: 4)))
}

private func checkDuplicates(_ store: any EventStore) throws {
    _ = try store.openEpoch(1, ifHead: store.head())
    _ = try store.append([event(1)], ifHead: 0, epoch: 1)
    let again = storeError { _ = try store.append([event(2), event(1), event(3)], ifHead: 1, epoch: 1) }
    #expect(again?.code == .duplicate)
    #expect(again?.message.contains(id(1).hex) == true)
    let within = storeError { _ = try store.append([event(4), event(4)], ifHead: 1, epoch: 1) }
    #expect(within?.code == .duplicate)
    #expect(try store.head() == LogHead(position: 1, epoch: 1))
    #expect(try store.position(of: id(2)) == nil)
    #expect(try store.position(of: id(4)) == nil)
    #expect(try store.append([event(2)], ifHead: 1, epoch: 1) == .appended(LogHead(position: 2, epoch: 1)))
}

private func checkReading(_ store: any EventStore) throws {
    _ = try store.openEpoch(1, ifHead: store.head())
    let events = (1...10).map { event($0) }
    _ = try store.append(events, ifHead: 0, epoch: 1)
    let stored = events.enumerated().map {
        StoredEvent(position: Position($0.offset + 1), id: $0.element.id, bytes: $0.element.bytes)
    }
    #expect(try store.read(from: 1, maxCount: 100, maxBytes: 100_000) == stored)
    #expect(try store.read(from: 1, maxCount: 4, maxBytes: 100_000) == Array(stored[..<4]))
    #expect(try store.read(from: 5, maxCount: 100, maxBytes: 399) == Array(stored[4..<7]))
    #expect(try store.read(from: 5, maxCount: 100, maxBytes: 400) == Array(stored[4..<8]))
    #expect(try store.read(from: 5, maxCount: 100, maxBytes: 1) == [stored[4]], "always one, so a reader gets on")
    #expect(try store.read(from: 10, maxCount: 100, maxBytes: 100_000) == [stored[9]])
    #expect(try store.read(from: 11, maxCount: 100, maxBytes: 100_000) == [])
    #expect(try store.read(from: .max, maxCount: 100, maxBytes: 100_000) == [])
    #expect(try store.read(from: 1, maxCount: 0, maxBytes: 100_000) == [])

    var paged: [StoredEvent] = []
    while case let page = try store.read(from: Position(paged.count + 1), maxCount: 3, maxBytes: 250), !page.isEmpty {
        paged += page
    }
    #expect(paged == stored)
}

private func checkSizeLimit(_ store: any EventStore) throws {
    _ = try store.openEpoch(1, ifHead: store.head())
    let largest = event(1, byteCount: 65_535)
    #expect(try store.append([largest], ifHead: 0, epoch: 1) == .appended(LogHead(position: 1, epoch: 1)))
    let tooLarge = storeError { _ = try store.append([event(2), event(3, byteCount: 65_536)], ifHead: 1, epoch: 1) }
    #expect(tooLarge?.code == .tooLarge)
    #expect(try store.head().position == 1)
    #expect(try store.read(from: 1, maxCount: 1, maxBytes: 1).first?.bytes == largest.bytes)
}

private func checkReopening(
    make: () throws -> any EventStore, reopen: (consuming any EventStore) throws -> any EventStore
) throws {
    var store = try make()
    _ = try store.openEpoch(1, ifHead: store.head())
    _ = try store.append([event(1), event(2)], ifHead: 0, epoch: 1)
    _ = try store.openEpoch(2, ifHead: store.head())
    store = try reopen(store)
    #expect(try store.head() == LogHead(position: 2, epoch: 2))
    #expect(try store.position(of: id(2)) == 2)
    #expect(try store.append([event(3)], ifHead: 2, epoch: 1) == .fenced(LogHead(position: 2, epoch: 2)))
    #expect(try store.append([event(3)], ifHead: 2, epoch: 2) == .appended(LogHead(position: 3, epoch: 2)))
    #expect(try store.read(from: 1, maxCount: 9, maxBytes: 9999).map(\.position) == [1, 2, 3])
}
