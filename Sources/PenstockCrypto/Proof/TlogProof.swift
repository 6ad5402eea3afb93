package import PenstockCore

/// Evidence that an entry is in a log, checked without the log: `c2sp.org/tlog-proof@v1`, file extension `.tlog-proof`.
///
/// Parsing verifies nothing; ``verify(entry:policy:)-([UInt8],_)`` does. Parsing is strict enough that ``text`` gives
/// back the very bytes that were parsed.
package struct TlogProof: Hashable, Sendable {
    private static let header = "c2sp.org/tlog-proof@v1"

    /// Opaque, and never authenticated: not to be believed.
    package let extra: [UInt8]?
    /// The entry's, from 0.
    package let index: UInt64
    /// From the leaf's sibling to the root's child.
    package let hashes: [Digest]
    /// The checkpoint with its signature and any cosignatures.
    package var note: SignedNote

    package init(extra: [UInt8]? = nil, index: UInt64, hashes: [Digest], note: SignedNote) {
        self.extra = extra
        self.index = index
        self.hashes = hashes
        self.note = note
    }

    package var text: String {
        var text = Self.header + "\n"
        if let extra { text += "extra \(Base64.encode(extra))\n" }
        text += "index \(index)\n"
        for hash in hashes { text += Base64.encode(hash.bytes) + "\n" }
        return text + "\n" + note.encoded
    }

    package init(parsing text: String) throws(TlogProofError) {
        try self.init(parsing: Array(text.utf8))
    }

    package init(parsing text: [UInt8]) throws(TlogProofError) {
        var rest = text[...]
        guard Self.takeLine(&rest)?.elementsEqual(Self.header.utf8) == true else { throw .header }
        var line = Self.takeLine(&rest)
        if let encoded = line.flatMap({ Self.value(of: "extra ", in: $0) }) {
            guard let extra = Base64.decode(encoded) else { throw .extra }
            self.extra = extra
            line = Self.takeLine(&rest)
        } else {
            extra = nil
        }
        guard let index = line.flatMap({ Self.value(of: "index ", in: $0) }).flatMap({ DecimalNumber.parse($0) })
        else { throw .index }
        self.index = index

        var hashes: [Digest] = []
        while true {
            guard let line = Self.takeLine(&rest) else { throw .noBlankLine }
            if line.isEmpty { break }
            guard hashes.count < MerkleProof.maximumHashes else { throw .tooManyHashes }
            guard let hash = Base64.decode(line).flatMap({ Digest($0) }) else { throw .hash(number: hashes.count + 1) }
            hashes.append(hash)
        }
        self.hashes = hashes
        do throws(NoteError) {
            note = try SignedNote(parsing: Array(rest))
        } catch {
            throw .note(error)
        }
    }

    /// The next line without its newline; nil when none is complete.
    private static func takeLine(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let end = rest.firstIndex(of: Octet.newline) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return rest[..<end]
    }

    private static func value(of keyword: String, in line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        line.starts(with: keyword.utf8) ? line.dropFirst(keyword.utf8.count) : nil
    }
}
