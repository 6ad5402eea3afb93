package import PenstockCore

/// The keys by which programs that ask about others show who they are; only digests are kept.
package struct CallerKeys: Sendable {
    /// By their names, for people.
    private var digests: [(name: String, digest: Digest)] = []

    package struct Problem: Error, Sendable {
        package var text: String
    }

    /// Reads `NAME DIGEST` a line, the digest as `sha256sum` writes it; what follows a `#` is for people.
    package init(_ text: String) throws(Problem) {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard !words.isEmpty else { continue }
            guard words.count == 2, let digest = Digest(hex: String(words[1])), digest != .zero,
                !words[0].utf8.contains(where: { $0 >= 127 })
            else { throw Problem(text: "line \(number + 1) is not NAME and the SHA-256 of a key, in 64 digits 0-9a-f") }
            guard !digests.contains(where: { $0.name == words[0] || $0.digest == digest }) else {
                throw Problem(text: "line \(number + 1) has a name or a key that was there before")
            }
            digests.append((String(words[0]), digest))
        }
        guard (1...HTTPLimits.callers).contains(digests.count) else {
            throw Problem(text: "it has \(digests.count) keys: 1 to \(HTTPLimits.callers) are allowed")
        }
    }

    /// Compares with every key, whichever it is: how long it takes tells nothing.
    func has(_ digest: Digest) -> Bool {
        let asked = digest.bytes
        return digests.reduce(false) { found, caller in
            zip(caller.digest.bytes, asked).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0 || found
        }
    }
}

/// What a door believes of whoever asks there.
enum Trust: Sendable {
    /// Each question must show the credential of its grant.
    case none
    /// It could open the socket's file.
    case socket
    /// It has shown a key that the configuration names.
    case key
}

extension HTTPDoorOptions {
    /// Types of subjects that every mesh has.
    package static let kinds: [String: Selector.Kind] = [
        "agent": .agent, "run": .run, "grant": .grant, "principal": .principal,
    ]

    func kind(of type: String) -> Selector.Kind? { subjects[type] ?? Self.kinds[type] }
}
