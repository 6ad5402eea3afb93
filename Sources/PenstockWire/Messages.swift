package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

/// Requests and replies: the closed set of what travels between a member and the ledger.
package typealias Request = Penstock_V1_Request
package typealias Reply = Penstock_V1_Reply
package typealias LogPublication = Penstock_V1_LogPublication
package typealias UrgentPublication = Penstock_V1_UrgentPublication

extension Request {
    package init(bytes: [UInt8]) throws(WireError) {
        self = try decode(Request.self, bytes, "request")
        guard version == WireVersion.request else { throw WireError(.oldVersion, "request version \(version) is not \(WireVersion.request)") }
        guard kind != nil else { throw WireError(.unknownKind, "the request's kind is unknown to this version") }
    }

    package init(id: UInt64, _ kind: OneOf_Kind) {
        self.init()
        version = WireVersion.request
        self.id = id
        self.kind = kind
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
        }
    }
}

extension Reply {
    package init(bytes: [UInt8]) throws(WireError) {
        self = try decode(Reply.self, bytes, "reply")
        guard version == WireVersion.request else { throw WireError(.oldVersion, "reply version \(version) is not \(WireVersion.request)") }
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
