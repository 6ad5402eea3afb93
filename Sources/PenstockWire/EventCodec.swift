internal import Foundation
package import PenstockCore
internal import PenstockProto
package import SwiftProtobuf

/// Signed events as they are stored, hashed and published. The body's bytes are kept as they came: nothing re-encodes
/// them.
package struct SignedBytes: Hashable, Sendable {
    /// Serialized `EventBody`; the event's id is their SHA-256.
    package var body: [UInt8]
    /// Ed25519 over `signedMessage`.
    package var signature: [UInt8]

    package init(body: [UInt8], signature: [UInt8]) {
        self.body = body
        self.signature = signature
    }

    /// What the origin signs: the body behind a prefix that no other use of the key has.
    package static func signedMessage(body: [UInt8]) -> [UInt8] { Array("penstock event v1\n".utf8) + body }

    package init(entry: [UInt8]) throws(WireError) {
        guard entry.count <= Limits.eventBytes else {
            throw WireError(.tooLarge, "an event has at most \(Limits.eventBytes) bytes")
        }
        let proto = try decode(Penstock_V1_SignedEvent.self, entry, "event")
        guard proto.signature.count == 64, !proto.body.isEmpty else {
            throw WireError(.malformed, "an event lacks its body or signature")
        }
        self.init(body: [UInt8](proto.body), signature: [UInt8](proto.signature))
    }

    /// The entry of the log: the Merkle leaf's bytes.
    package var entry: [UInt8] {
        encode(
            Penstock_V1_SignedEvent.with {
                $0.body = Data(body)
                $0.signature = Data(signature)
            })
    }
}

package enum EventCodec {
    /// - Parameter id: SHA-256 of `body`.
    package static func decode(body: [UInt8], id: Digest) throws(WireError) -> Event {
        let proto = try PenstockWire.decode(Penstock_V1_EventBody.self, body, "event body")
        guard proto.version == WireVersion.event else {
            throw WireError(.oldVersion, "event version \(proto.version) is not \(WireVersion.event)")
        }
        guard proto.nonce.count == 16 else { throw WireError(.malformed, "an event's nonce has 16 bytes") }
        guard let kind = proto.kind else {
            throw WireError(.unknownKind, "the event's kind is unknown to this version")
        }
        return Event(
            id: id, mesh: proto.mesh, origin: proto.origin, createdAt: proto.createdAtMs, kind: try EventKind(kind))
    }

    /// Whether the bytes say nothing that their value does not: no member that this version does not know, none twice,
    /// none written another way. Nobody decides on what it cannot read, and nobody fills a log with it.
    package static func isCanonical(body: [UInt8]) -> Bool {
        guard let proto = try? PenstockWire.decode(Penstock_V1_EventBody.self, body, "event body"),
            let kind = try? proto.kind.map(EventKind.init)
        else { return false }
        return encode(
            mesh: proto.mesh, origin: proto.origin, createdAt: proto.createdAtMs, nonce: [UInt8](proto.nonce),
            kind: kind) == body
    }

    /// The bytes to sign.
    package static func encode(mesh: String, origin: String, createdAt: WallTime, nonce: [UInt8], kind: EventKind)
        -> [UInt8]
    {
        PenstockWire.encode(
            Penstock_V1_EventBody.with {
                $0.version = WireVersion.event
                $0.mesh = mesh
                $0.origin = origin
                $0.createdAtMs = createdAt
                $0.nonce = Data(nonce)
                $0.kind = kind.proto
            })
    }
}

/// Serializes canonically; messages of ours cannot fail to.
package func encode(_ message: some SwiftProtobuf.Message) -> [UInt8] {
    do {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        return try message.serializedBytes(options: options)
    } catch {
        preconditionFailure("a message without required fields did not serialize: \(error)")
    }
}

package func decode<M: SwiftProtobuf.Message>(_ type: M.Type, _ bytes: [UInt8], _ what: String) throws(WireError) -> M {
    do {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 8
        return try M(serializedBytes: bytes, options: options)
    } catch {
        throw WireError(.malformed, "the bytes are no \(what)")
    }
}
