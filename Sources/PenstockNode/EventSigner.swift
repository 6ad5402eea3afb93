package import PenstockCore
package import PenstockCrypto
package import PenstockWire

/// Makes signed events under one identity.
package struct EventSigner: Sendable {
    package let mesh: String
    package let name: String
    private let key: SigningKey

    package init(mesh: String, name: String, key: SigningKey) {
        self.mesh = mesh
        self.name = name
        self.key = key
    }

    package func sign(_ kind: EventKind, at wall: WallTime) -> SignedEvent {
        let body = EventCodec.encode(
            mesh: mesh, origin: name, createdAt: wall, nonce: SecureRandom.bytes(16), kind: kind)
        let bytes = SignedBytes(body: body, signature: key.sign(SignedBytes.signedMessage(body: body)))
        let id = SHA256.hash(body)
        return SignedEvent(
            event: Event(id: id, mesh: mesh, origin: name, createdAt: wall, kind: kind), bytes: bytes,
            entry: bytes.entry)
    }
}

extension EventSigner: EventAuthor {
    package func author(_ kind: EventKind, at time: WallTime) -> VerifiedEvent {
        let signed = sign(kind, at: time)
        return VerifiedEvent(signed.event, entry: signed.entry)
    }
}

/// An event together with the bytes that carry it.
package struct SignedEvent: Sendable {
    package var event: Event
    package var bytes: SignedBytes
    /// The log's entry: the Merkle leaf.
    package var entry: [UInt8]

    package init(event: Event, bytes: SignedBytes, entry: [UInt8]) {
        self.event = event
        self.bytes = bytes
        self.entry = entry
    }

    /// Whether the entry says what the event says and nothing beside it; see `EventCodec.isCanonical`.
    package var isCanonical: Bool { bytes.entry == entry && EventCodec.isCanonical(body: bytes.body) }

    /// Decodes an entry; its signature is not looked at.
    package init(entry: [UInt8]) throws(WireError) {
        let bytes = try SignedBytes(entry: entry)
        let event = try EventCodec.decode(body: bytes.body, id: SHA256.hash(bytes.body))
        self.init(event: event, bytes: bytes, entry: entry)
    }
}
