internal import PenstockCore
internal import PenstockProto
internal import PenstockWire
internal import Testing

/// No bytes may do worse than be refused.
@Suite struct HostileBytesTests {
    private func decodeAll(_ bytes: [UInt8]) {
        _ = try? SignedBytes(entry: bytes)
        _ = try? EventCodec.decode(body: bytes, id: .zero)
        _ = try? SnapshotCodec.decode(bytes)
        _ = try? Request(bytes: bytes)
        _ = try? Reply(bytes: bytes)
        _ = try? decode(LogPublication.self, bytes, "publication")
        _ = try? decode(UrgentPublication.self, bytes, "publication")
    }

    @Test func randomBytesAreRefusedOrRead() {
        var random = SplitMix(seed: 1)
        for _ in 0..<5000 {
            let count = Int.random(in: 0...200, using: &random)
            decodeAll((0..<count).map { _ in .random(in: 0...255, using: &random) })
        }
    }

    /// Nearly right bytes go further into a decoder than random ones. What is taken encodes again.
    @Test func spoiltEventsAreRefusedOrRead() {
        var random = SplitMix(seed: 2)
        let bodies = EventKind.Name.allCases.map { Sample.body(Sample.kind($0)) }
        for _ in 0..<5000 {
            var bytes = bodies.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            decodeAll(bytes)
            if let event = try? EventCodec.decode(body: bytes, id: .zero) {
                let again = EventCodec.encode(
                    mesh: event.mesh, origin: event.origin, createdAt: event.createdAt, nonce: Sample.nonce,
                    kind: event.kind)
                #expect((try? EventCodec.decode(body: again, id: .zero)) == event)
            }
        }
    }
}
