internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import PenstockWire
internal import Testing

/// The key that a grant is bound to, on the wire.
@Suite struct ConfirmationWireTests {
    @Test(arguments: [nil, .key(Sample.digest(7)), .certificate(Sample.digest(8))] as [PenstockCore.Confirmation?])
    func comesBack(confirmation: PenstockCore.Confirmation?) throws {
        var grant = Sample.grant
        grant.confirmation = confirmation
        #expect(try Grant(grant.proto).confirmation == confirmation)
        let body = Sample.body(.grantIssued(grant))
        #expect(EventCodec.isCanonical(body: body))
    }

    @Test(arguments: [0, 31, 33]) func thumbprintOfAnotherLengthIsRefused(count: Int) throws {
        for change in [\Penstock_V1_Grant.keyThumbprint, \.certificateThumbprint] {
            var proto = Sample.grant.proto
            proto[keyPath: change] = Data(repeating: 1, count: count)
            #expect(throws: WireError.self) { try Grant(proto) }
        }
    }
}
