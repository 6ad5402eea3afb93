import PenstockCore
import PenstockCrypto
import Testing

@testable import PenstockIdentity

/// What peers may show in place of a certificate. Good and bad ones of authorities: cluster/tests/test_tls.py.
@Suite struct ClientIdentityTests {
    @Test(
        arguments: [[], [0x30], [0x30, 0x80], [0x30, 0x03, 1, 2, 3], Array(repeating: 0x30, count: 20_000)] as [[UInt8]]
    )
    func bytesThatAreNoCertificateAreRefused(der: [UInt8]) {
        #expect(throws: IdentityError.self) { try Certificate(der: der) }
    }

    @Test(arguments: [
        "", "text", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAAAA\n",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ])
    func textsWithoutACertificateAreRefused(pem: String) {
        #expect(throws: IdentityError.self) { try Certificate.read(pem: pem) }
    }

    @Test func noChainProvesNothing() {
        #expect(throws: IdentityError.self) { try ClientIdentity([], trust: ClientTrust(), at: 0) }
        #expect(throws: IdentityError.self) { try Certificate.verify([], roots: [], at: 0) }
    }
}
