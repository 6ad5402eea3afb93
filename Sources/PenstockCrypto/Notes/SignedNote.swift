/// A text and the signatures under it (C2SP signed-note v1.0.0).
///
/// Parsing verifies nothing: the text must not be acted on before a known key's ``NoteKey/verdict(on:text:)``.
/// Parsing is strict enough that ``encoded`` gives back the very bytes that were parsed.
package struct SignedNote: Hashable, Sendable {
    /// The format demands 16; a mesh has one for each enforcement node.
    package static let maximumSignatures = 1024
    /// Room for a checkpoint and that many Ed25519 signatures with long names; more is an attack, not a note.
    package static let maximumBytes = 1 << 20

    /// With its last newline, without the blank line that follows.
    package let text: String
    package private(set) var signatures: [NoteSignature]

    init(text: String, signatures: [NoteSignature]) {
        self.text = text
        self.signatures = signatures
    }

    /// The whole note: text, blank line, signature lines.
    package var encoded: String {
        signatures.reduce(into: text + "\n") { $0 += $1.line }
    }

    /// A signature that is already there is not repeated.
    package mutating func add(_ signature: NoteSignature) {
        if !signatures.contains(signature) { signatures.append(signature) }
    }

    package init(parsing note: String) throws(NoteError) {
        try self.init(parsing: Array(note.utf8))
    }

    package init(parsing note: [UInt8]) throws(NoteError) {
        guard note.count <= Self.maximumBytes else { throw .tooLong }
        guard note.allSatisfy({ $0 >= 0x20 || $0 == Octet.newline }) else { throw .controlCharacter }
        // The text may have empty lines; the last one of the note is the one that ends it.
        let isBlank = { note[$0] == Octet.newline && note[$0 + 1] == Octet.newline }
        guard let end = note.indices.dropLast().last(where: isBlank) else { throw .noBlankLine }
        guard let text = String(validating: note[...end], as: UTF8.self) else { throw .notUTF8 }
        let rest = note[(end + 2)...]
        guard rest.last == Octet.newline else { throw rest.isEmpty ? .noSignatures : .noFinalNewline }
        let lines = rest.dropLast().split(separator: Octet.newline, omittingEmptySubsequences: false)
        guard lines.count <= Self.maximumSignatures else { throw .tooManySignatures }
        var signatures: [NoteSignature] = []
        for (offset, line) in lines.enumerated() {
            guard let signature = NoteSignature(octets: line) else { throw .malformedSignature(number: offset + 1) }
            signatures.append(signature)
        }
        self.init(text: text, signatures: signatures)
    }
}

/// Why bytes are not a signed note.
package enum NoteError: Error, Equatable {
    case tooLong
    case notUTF8
    /// An ASCII control character other than newline.
    case controlCharacter
    case noBlankLine
    case noSignatures
    case noFinalNewline
    case tooManySignatures
    /// Counted from 1.
    case malformedSignature(number: Int)
}

extension NoteError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong: "it is too long for a signed note"
        case .notUTF8: "it is not text in UTF-8"
        case .controlCharacter: "it has a control character in it"
        case .noBlankLine: "no blank line stands before its signatures"
        case .noSignatures: "it has no signatures"
        case .noFinalNewline: "its last line is not ended"
        case .tooManySignatures: "it has too many signatures"
        case .malformedSignature(let number): "its signature \(number) is malformed"
        }
    }
}
