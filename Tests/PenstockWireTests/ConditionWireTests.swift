internal import PenstockCore
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf
internal import Testing

/// Conditions on the wire: what later versions compare is kept as it is, and denies.
@Suite struct ConditionWireTests {
    /// A grant with these conditions and a credential, as the first version that had them wrote it.
    private static let golden = """
        5a0c0a01611202696e1a03782c795a0c0a01611204676c6f621a012a5a120a016112067072656669781a052f7372762f
        5a100a0161120572616e67651a04312e2e325a150a01611204636964721a0a31302e302e302e302f385a0c0a01611204
        6e6561721a0131b201200101010101010101010101010101010101010101010101010101010101010101
        """

    private static let written: [(Grant.Comparison, String)] = [
        (.oneOf, "x,y"), (.glob, "*"), (.eachPrefix, "/srv/"), (.range, "1..2"),
        (.network, "10.0.0.0/8"), (.unknown("near"), "1"),
    ]

    @Test func everyComparisonComesBackInTheSameBytes() throws {
        let bytes = try #require(Hex.decode(Self.golden.filter { !$0.isWhitespace }))
        let grant = try Grant(Penstock_V1_Grant(serializedBytes: bytes))
        #expect(grant.conditions == Self.written.map { .init(path: "a", comparison: $0.0, value: $0.1) })
        #expect(try grant.proto.serializedBytes() as [UInt8] == bytes)
    }
}
