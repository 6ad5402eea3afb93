/// A guarantee that did not hold, by its name in the design.
struct Violation: Error, Equatable, CustomStringConvertible {
    var guarantee: Guarantee
    var what: String

    init(_ guarantee: Guarantee, _ what: String) {
        self.guarantee = guarantee
        self.what = what
    }

    var description: String { "\(guarantee.rawValue): \(what)" }
}

enum Guarantee: String, CaseIterable {
    case revocation = "G1"
    case ceiling = "G2"
    case log = "G3"
    case evidence = "G4"
    case failClosed = "G5"
    case authority = "G6"
    case liveness = "G7"
    case delegation = "G8"
}
