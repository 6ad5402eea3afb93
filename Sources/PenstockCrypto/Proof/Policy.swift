/// Which logs and witnesses are trusted, and how many witnesses are enough: the trust root of offline verification
/// (C2SP tlog-policy).
///
/// Laws: names are defined before they are used, once, and each is a member of one group at most, so a witness counts
/// in one way only; no two logs and no two witnesses share a public key; a log's key is of kind ``NoteKey/Kind/log``
/// and a witness's of kind ``NoteKey/Kind/cosigner``.
///
/// Stricter than the format in one point: names and URLs are UTF-8. Comments may be any octets.
package struct Policy: Hashable, Sendable {
    /// Far above the 32 logs, witnesses and groups the format asks for: a mesh may have a witness on every node.
    package static let maximumStatements = 4096
    package static let maximumBytes = 1 << 20

    package struct Log: Hashable, Sendable {
        /// Its name is the log's origin.
        package let key: NoteKey
        package let url: String?

        package init(key: NoteKey, url: String? = nil) {
            self.key = key
            self.url = url
        }
    }

    package struct Witness: Hashable, Sendable {
        /// Used within the policy only.
        package let name: String
        package let key: NoteKey
        package let url: String?

        package init(name: String, key: NoteKey, url: String? = nil) {
            self.name = name
            self.key = key
            self.url = url
        }
    }

    package enum Threshold: Hashable, Sendable {
        case any
        case all
        case atLeast(Int)

        func count(of members: Int) -> Int {
            switch self {
            case .any: 1
            case .all: members
            case .atLeast(let count): count
            }
        }
    }

    package struct Group: Hashable, Sendable {
        package let name: String
        package let threshold: Threshold
        /// Witnesses and groups defined before.
        package let members: [String]

        package init(name: String, _ threshold: Threshold, of members: [String]) {
            self.name = name
            self.threshold = threshold
            self.members = members
        }
    }

    package internal(set) var logs: [Log] = []
    package internal(set) var witnesses: [Witness] = []
    package internal(set) var groups: [Group] = []
    /// A witness or a group; nil for `quorum none`.
    package internal(set) var quorum: String?

    init() {}

    /// Whether cosignatures of these witnesses, by their names here, are enough.
    package func isQuorumMet(by names: some Sequence<String>) -> Bool {
        guard let quorum else { return true }
        var satisfied = Set(names.map { Array($0.utf8) })
        // Members are defined before their groups, so one pass suffices.
        for group in groups {
            let present = group.members.count { satisfied.contains(Array($0.utf8)) }
            if present >= group.threshold.count(of: group.members.count) { satisfied.insert(Array(group.name.utf8)) }
        }
        return satisfied.contains(Array(quorum.utf8))
    }
}

/// The line of a policy that is wrong, from 1, and why. For a missing quorum it is the line after the last.
package struct PolicyError: Error, Equatable {
    package enum Problem: Equatable, Sendable {
        case tooLong
        case controlCharacter
        case notUTF8
        case unknownKeyword
        case wrongNumberOfFields
        case key(NoteKeyError)
        /// A cosigner's key for a log, or a log's for a witness.
        case wrongKindOfKey
        case duplicateKey
        case duplicateName
        /// `none`, which only `quorum` may use.
        case reservedName
        case undefinedName
        /// The name is a member already, here or in an earlier group.
        case memberTwice
        /// Not `any`, `all` or a number from 1 to the number of members.
        case threshold
        case duplicateQuorum
        case missingQuorum
        /// A name or URL that would not survive being written: empty, or with white space or a control character.
        case notAField
    }

    package let line: Int
    package let problem: Problem

    package init(line: Int, problem: Problem) {
        self.line = line
        self.problem = problem
    }
}

extension PolicyError.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong: "a policy is not as long as this"
        case .controlCharacter: "a control character"
        case .notUTF8: "not text in UTF-8"
        case .unknownKeyword: "a line begins with log, witness, group or quorum"
        case .wrongNumberOfFields: "too few or too many words"
        case .key(let error): "\(error)"
        case .wrongKindOfKey: "a log has a log's key, and a witness a cosigner's"
        case .duplicateKey: "this key stands in another line already"
        case .duplicateName: "this name stands in another line already"
        case .reservedName: "'none' is no name: only 'quorum' may say it"
        case .undefinedName: "no line before this one defines the name"
        case .memberTwice: "the name is a member of a group already"
        case .threshold: "a threshold is any, all, or a number up to that of the members"
        case .duplicateQuorum: "there is one quorum"
        case .missingQuorum: "a 'quorum' line is missing"
        case .notAField: "a name or URL is empty, or has white space in it"
        }
    }
}

extension PolicyError: CustomStringConvertible {
    package var description: String { "line \(line): \(problem)" }
}
