package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

/// Requests and replies: the closed set of what travels between a member and the ledger.
package typealias Request = Penstock_V1_Request
package typealias Reply = Penstock_V1_Reply
package typealias LogPublication = Penstock_V1_LogPublication
package typealias UrgentPublication = Penstock_V1_UrgentPublication

extension Request {
    /// An event of the largest size, and what is around it. Decoded, a message may take sixty times its bytes.
    package static let mostBytes = 72 << 10

    package init(bytes: [UInt8]) throws(WireError) {
        // Decisions alone are longer, as one text that is not taken apart.
        guard bytes.count <= Self.mostBytes || Self.hasFields([1, 2, 22], bytes) else {
            throw WireError(.tooLarge, "a request has at most \(Self.mostBytes) bytes")
        }
        self = try decode(Request.self, bytes, "request")
        guard version == WireVersion.request else {
            throw WireError(.oldVersion, "request version \(version) is not \(WireVersion.request)")
        }
        guard kind != nil else { throw WireError(.unknownKind, "the request's kind is unknown to this version") }
    }

    package init(id: UInt64, _ kind: OneOf_Kind) {
        self.init()
        version = WireVersion.request
        self.id = id
        self.kind = kind
    }

    /// Whether a message's own fields are numbers and byte strings in rising order, each once, and among these.
    private static func hasFields(_ allowed: [UInt64], _ bytes: [UInt8]) -> Bool {
        var (at, last) = (0, UInt64(0))
        func number() -> UInt64? {
            var (value, shift) = (UInt64(0), UInt64(0))
            while at < bytes.count, shift < 64 {
                let byte = bytes[at]
                at += 1
                value |= UInt64(byte & 127) << shift
                if byte < 128 { return value }
                shift += 7
            }
            return nil
        }
        while at < bytes.count {
            guard let tag = number(), tag >> 3 > last, allowed.contains(tag >> 3), let value = number() else {
                return false
            }
            last = tag >> 3
            switch tag & 7 {
            case 0: break
            case 2:
                guard value <= UInt64(bytes.count - at) else { return false }
                at += Int(value)
            default: return false
            }
        }
        return true
    }
}

extension Request.OneOf_Kind {
    /// As the ledger's counters are named.
    package var name: String {
        switch self {
        case .submit: "submit"
        case .echo: "echo"
        case .ack: "ack"
        case .fetch: "fetch"
        case .snapshot: "snapshot"
        case .reserve: "reserve"
        case .decisions: "decisions"
        case .cosign: "cosign"
        case .receipt: "receipt"
        case .status: "status"
        case .audit: "audit"
        case .head: "head"
        case .budgets: "budgets"
        case .proof: "proof"
        case .barrier: "barrier"
        case .grants: "grants"
        case .restrictions: "restrictions"
        case .rates: "rates"
        case .members: "members"
        }
    }
}

extension Reply {
    package init(bytes: [UInt8]) throws(WireError) {
        self = try decode(Reply.self, bytes, "reply")
        guard version == WireVersion.request else {
            throw WireError(.oldVersion, "reply version \(version) is not \(WireVersion.request)")
        }
        guard kind != nil else { throw WireError(.unknownKind, "the reply's kind is unknown to this version") }
        if case .reserved(let reserved)? = kind { try reserved.check() }
    }

    package init(id: UInt64, _ kind: OneOf_Kind) {
        self.init()
        version = WireVersion.request
        self.id = id
        self.kind = kind
    }
}

extension Refusal {
    package var proto: Penstock_V1_Refused {
        .with {
            $0.code = code.rawValue
            $0.message = message
            $0.retryAfterMs = retryAfterMS
        }
    }

    /// A code that this version does not know is still a refusal.
    package init(_ proto: Penstock_V1_Refused) {
        self.init(Code(rawValue: proto.code) ?? .invalid, proto.message, retryAfterMS: proto.retryAfterMs)
    }

    package init(_ error: WireError) {
        switch error.code {
        case .oldVersion: self.init(.oldVersion, error.message)
        case .malformed, .tooLarge, .unknownKind: self.init(.malformed, error.message)
        }
    }
}
