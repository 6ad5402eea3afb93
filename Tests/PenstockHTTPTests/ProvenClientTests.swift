import NIOCore
import NIOEmbedded
import PenstockCore
import Testing

@testable import PenstockHTTP
@testable import PenstockIdentity

/// What a connection's client has proven, while whom to believe changes.
@Suite struct ProvenClientTests {
    private let connections = Connections()
    private let channel = EmbeddedChannel()
    private let identity = ClientIdentity(
        certificate: Digest(words: (1, 2, 3, 4)), workload: "spiffe://d/w", expiresAt: .max)

    private init() { connections.opened(channel) }

    @Test func proofCountsUntilWhomToBelieveChanges() {
        #expect(connections.client(channel) == Presented(.zero))
        #expect(connections.prove(channel, identity, in: connections.era))
        #expect(connections.client(channel).workload == "spiffe://d/w")
        connections.endProven()
        #expect(connections.client(channel) == Presented(.zero))
    }

    /// The handshake was under way: its proof is of roots that are believed no more.
    @Test func proofOfAnEarlierEraIsNoProof() {
        let era = connections.era
        connections.endProven()
        #expect(!connections.prove(channel, identity, in: era))
        #expect(connections.client(channel) == Presented(.zero))
        #expect(connections.prove(channel, identity, in: connections.era))
    }
}
