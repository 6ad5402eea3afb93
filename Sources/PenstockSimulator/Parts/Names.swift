internal import PenstockCore

/// Names and keys of members.
enum Names {
    static func keys(_ name: String, _ role: Role) -> NodeKeys {
        func key(_ salt: UInt64) -> [UInt8] {
            let seed = name.utf8.reduce(salt) { SimRandom.mix($0 ^ UInt64($1)) }
            return Digest(words: (seed, seed &+ 1, seed &+ 2, seed &+ 3)).bytes
        }
        return NodeKeys(name: name, role: role, signing: key(1), channel: key(2))
    }

    static func credential(_ grant: Int) -> Digest {
        Digest(words: (SimRandom.mix(UInt64(grant) &+ 77), UInt64(grant), 5, 5))
    }
}
