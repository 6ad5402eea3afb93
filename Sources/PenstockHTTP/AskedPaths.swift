internal import PenstockCore
internal import PenstockJSON

/// Paths as a tree of the parts between their dots, so that looking for all of them takes one walk, however many
/// parts they have.
struct AskedPaths {
    private struct Step: Hashable {
        var from: Int
        var part: ByteText
    }

    private var steps: [Step: Int] = [:]
    /// What stands at the end of each path; more than one where names have dots in them.
    private(set) var found: [Int: [JSON]] = [:]

    /// - Returns: its end.
    mutating func insert(_ path: String) -> Int {
        var place = 0
        for step in Self.parts(path) {
            let next = steps[Step(from: place, part: step), default: steps.count + 1]
            steps[Step(from: place, part: step)] = next
            place = next
        }
        found[place] = []
        return place
    }

    mutating func collect(_ json: JSON, at place: Int = 0) {
        for member in json.members ?? [] { enter(member.key, member.value, from: place) }
        for (index, element) in (json.elements ?? []).enumerated() { enter("\(index)", element, from: place) }
    }

    private mutating func enter(_ name: String, _ value: JSON, from start: Int) {
        // No path has a longer part.
        guard name.utf8.count <= Limits.idBytes else { return }
        var place = start
        for part in Self.parts(name) {
            guard let next = steps[Step(from: place, part: part)] else { return }
            place = next
        }
        found[place]?.append(value)
        collect(value, at: place)
    }

    private static func parts(_ name: String) -> [ByteText] {
        name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map {
            ByteText(String(Substring($0)))
        }
    }
}
