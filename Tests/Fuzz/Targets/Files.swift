internal import Foundation
internal import Glibc
internal import PenstockConsole
internal import PenstockCore
internal import PenstockNode

/// Files that people write.
enum Files {
    static func settings(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let settings = read(bytes) else { return false }
        for key in ["identity", "data", "socket", "port", "audiences"] {
            let text = settings.optionalText(key)
            try law(text?.isEmpty != true, "an empty text is not left out")
            try law((try? settings.text(key)) == text, "a text that is there is called missing")
            if let path = try? settings.path(key) {
                try law(path.hasPrefix("/"), "a path is not made absolute: \(path)")
            }
            _ = settings.list(key)
            if let number = try? settings.integer(key, default: 7, in: 4...70) {
                try law((4...70).contains(number), "\(number) is out of range")
            }
        }
        return true
    }

    /// A file without a name, which is gone when the process ends.
    private static let scratch: Int32 = {
        var name = Array((NSTemporaryDirectory() + "/penstock-fuzz-XXXXXX").utf8CString)
        let descriptor = mkstemp(&name)
        precondition(descriptor >= 0 && unlink(name) == 0, "no scratch file in \(NSTemporaryDirectory())")
        return descriptor
    }()

    private static func read(_ bytes: [UInt8]) -> FileSettings? {
        let descriptor = scratch
        precondition(
            ftruncate(descriptor, 0) == 0 && pwrite(descriptor, bytes, bytes.count, 0) == bytes.count,
            "the scratch file takes no bytes")
        return try? FileSettings("/proc/self/fd/\(descriptor)")
    }

    static func grant(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let grant = try? GrantFile.parse(Data(bytes), "FILE") else { return false }
        _ = grant.problem
        try law(grant.credentialDigest == .zero && !grant.grantID.isEmpty, "a file chose what only the issuer may")
        return true
    }

    static func member(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let member = try? JSONDecoder().decode(MemberFile.self, from: Data(bytes)) else { return false }
        _ = member.role
        _ = try? member.ledger.channelKeyBytes()
        _ = try? member.ledger.verifier()
        let again = (try? JSONEncoder().encode(member)).flatMap { try? JSONDecoder().decode(MemberFile.self, from: $0) }
        try law(again == member, "a member file changes when it is written again")
        return true
    }
}
