extension Grant {
    /// How a condition compares an attribute with its value. The set is closed; raw values are those of the wire.
    ///
    /// A missing attribute fulfils nothing, not even `!=`. The first seven are about one text, number or boolean, and a
    /// list fulfils none of them; of a list, every element must fulfil one of the others, and there must be one.
    ///
    /// Numbers compare as exact numbers, however they are written; anything else as bytes. A number that tools read
    /// differently fulfils nothing, unless it is asked for in the same bytes. To `!=` another spelling of a path is
    /// that path, and one with a segment `..` may be any.
    public enum Comparison: Hashable, Sendable {
        case equal
        case notEqual
        case less
        case lessOrEqual
        case greater
        case greaterOrEqual
        case prefix
        /// `A,B,C`: equal to one of them.
        case oneOf
        /// See `Glob`.
        case glob
        /// As `^=`.
        case eachPrefix
        /// `LOW..HIGH`, both included.
        case range
        /// `ADDRESS/BITS,…`: an IP address in one of these networks.
        case network
        /// Of a version that knows more than this one: fulfilled by nothing.
        case unknown(String)
    }
}

extension Grant.Comparison: RawRepresentable, CaseIterable {
    /// All that this version knows.
    public static let allCases: [Grant.Comparison] = ofVersionOne + [.oneOf, .glob, .eachPrefix, .range, .network]
    /// Which every node knows.
    package static let ofVersionOne: [Grant.Comparison] = [
        .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .prefix,
    ]

    /// Nil for what this version does not know.
    public init?(rawValue: String) {
        guard let known = Self.allCases.first(where: { $0.rawValue.isSame(as: rawValue) }) else { return nil }
        self = known
    }

    public var rawValue: String {
        switch self {
        case .equal: "=="
        case .notEqual: "!="
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .prefix: "^="
        case .oneOf: "in"
        case .glob: "glob"
        case .eachPrefix: "prefix"
        case .range: "range"
        case .network: "cidr"
        case .unknown(let text): text
        }
    }
}
