/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): one seed, one sequence, on
/// every machine.
struct SimRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mix(state)
    }

    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// 0 ..< bound; the bias of a bound below 2³² is below 2⁻³².
    mutating func below(_ bound: Int) -> Int { (Int(next() >> 32) &* bound) >> 32 }

    mutating func between(_ low: Int64, _ high: Int64) -> Int64 { low + Int64(below(Int(high - low + 1))) }

    mutating func chance(_ perMille: Int) -> Bool { below(1000) < perMille }

    mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }
}
