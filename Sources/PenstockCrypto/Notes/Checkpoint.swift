package import PenstockCore

/// A log's statement of its size and root: the text of a note (C2SP tlog-checkpoint v1.0.0).
package struct Checkpoint: Hashable, Sendable {
    /// Names the log; equal to its key's name.
    package let origin: String
    /// In entries.
    package let size: UInt64
    package let root: Digest
    /// Lines other implementations may add. This one writes none, but keeps them, for they are signed too.
    package let extensions: [String]

    /// - Throws: ``CheckpointError/origin`` when the origin is empty or has a control character.
    package init(origin: String, size: UInt64, root: Digest) throws(CheckpointError) {
        guard !origin.isEmpty, origin.utf8.allSatisfy({ $0 >= 0x20 }) else { throw .origin }
        self.origin = origin
        self.size = size
        self.root = root
        extensions = []
    }

    /// The note text: three lines and any extension lines, each with its newline.
    package var text: String {
        extensions.reduce(into: "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n") { $0 += $1 + "\n" }
    }

    /// - Parameter text: a note's text, ending in a newline.
    package init(parsing text: String) throws(CheckpointError) {
        let octets = Array(text.utf8)
        guard octets.last == Octet.newline else { throw .lines }
        let lines = octets.dropLast().split(separator: Octet.newline, omittingEmptySubsequences: false)
        guard lines.count >= 3, lines.allSatisfy({ !$0.isEmpty }) else { throw .lines }
        guard octets.allSatisfy({ $0 >= 0x20 || $0 == Octet.newline }) else { throw .origin }
        guard let size = DecimalNumber.parse(lines[1]) else { throw .size }
        guard let root = Base64.decode(lines[2]).flatMap({ Digest($0) }) else { throw .root }
        origin = String(decoding: lines[0], as: UTF8.self)
        self.size = size
        self.root = root
        extensions = lines.dropFirst(3).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Which part of a checkpoint's text is wrong.
package enum CheckpointError: Error, Equatable {
    /// Fewer than three lines, an empty one, or no last newline.
    case lines
    /// Empty, or a control character.
    case origin
    /// Not a decimal number without leading zeros that fits 64 bits.
    case size
    /// Not strict base 64 of 32 bytes.
    case root
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .lines: "a checkpoint has three lines and more, none of them empty"
        case .origin: "a checkpoint's first line is its log's name"
        case .size: "a checkpoint's second line is a number"
        case .root: "a checkpoint's third line is base 64 of 32 bytes"
        }
    }
}
