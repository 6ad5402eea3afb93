internal import PenstockCore
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

/// What travels between a member and the ledger. What is taken encodes again to what decodes the same.
enum Messages {
    static func request(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let request = try? Request(bytes: bytes) else { return false }
        try same(request)
        switch request.kind {
        case .submit(let submit): _ = try Events.entry([UInt8](submit.event))
        case .decisions(let detail): _ = try Records.record([UInt8](detail.records))
        case .cosign(let cosignature): try Notes.signature(cosignature.line)
        default: break
        }
        return true
    }

    static func reply(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let reply = try? Reply(bytes: bytes) else { return false }
        try same(reply)
        switch reply.kind {
        case .refused(let refused):
            let refusal = Refusal(refused)
            try law(Refusal(refusal.proto) == refusal, "a refusal changes when it is passed on")
        case .fetched(let page): for entry in page.events.prefix(8) { _ = try Events.entry([UInt8](entry)) }
        case .receipt(let receipt): _ = try Notes.note(Array(receipt.checkpoint.utf8))
        default: break
        }
        return true
    }

    static func publication(_ bytes: [UInt8]) throws(Broken) -> Bool {
        let log = try? decode(LogPublication.self, bytes, "publication")
        let urgent = try? decode(UrgentPublication.self, bytes, "publication")
        if let log {
            try same(log)
            for entry in log.events.prefix(8) { _ = try Events.entry([UInt8](entry)) }
            _ = try Notes.note(Array(log.checkpoint.utf8))
        }
        if let urgent {
            try same(urgent)
            _ = try Events.entry([UInt8](urgent.event))
        }
        return log != nil || urgent != nil
    }

    static func join(_ bytes: [UInt8]) throws(Broken) -> Bool {
        if let reply = try? decode(Penstock_V1_JoinReply.self, bytes, "join reply") { _ = Refusal(reply.refused) }
        guard let request = try? decode(Penstock_V1_JoinRequest.self, bytes, "join request") else { return false }
        try same(request)
        guard let keys = try? NodeKeys(request.node) else { return false }
        try law((try? NodeKeys(keys.proto)) == keys, "a node's keys change when they are passed on")
        return true
    }

    private static func same<M: Message & Equatable>(_ message: M) throws(Broken) {
        let bytes = encode(message)
        let again = try? decode(M.self, bytes, "message")
        // Equal strings may have different bytes, so both are compared.
        try law(again == message && again.map(encode) == bytes, "a message changes when it is encoded again")
    }
}
