/// A dictionary that forgets its oldest entries past a limit.
struct Recent<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let limit: Int
    private var values: [Key: (value: Value, age: UInt64)] = [:]
    private var byAge: [(key: Key, age: UInt64)] = []
    private var nextAge: UInt64 = 0

    init(limit: Int) { self.limit = limit }

    subscript(_ key: Key) -> Value? { values[key]?.value }

    mutating func insert(_ key: Key, _ value: Value) {
        nextAge += 1
        values[key] = (value, nextAge)
        byAge.append((key, nextAge))
        guard byAge.count >= 2 * limit else { return }
        for old in byAge.prefix(limit) where values[old.key]?.age == old.age { values[old.key] = nil }
        byAge.removeFirst(limit)
    }

    mutating func remove(_ key: Key) -> Value? { values.removeValue(forKey: key)?.value }
}
