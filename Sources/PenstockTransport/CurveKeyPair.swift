import CZeroMQ

/// A long-term CURVE key pair: the identity of a channel.
///
/// Printing, dumping or interpolating it shows the public key only. Whoever stores `secretText` keeps it in a file
/// that only its owner can read.
package struct CurveKeyPair: Sendable, Equatable {
    /// A key is 32 bytes, or 40 characters of Z85.
    package static let keyBytes = 32
    package static let textLength = 40

    package let publicKey: [UInt8]
    package let secretKey: [UInt8]
    package let publicText: String
    package let secretText: String

    package static func generate() -> CurveKeyPair {
        var publicText = [CChar](repeating: 0, count: textLength + 1)
        var secretText = publicText
        // zmq_curve_keypair(3): fails only with ENOTSUP, which the context has ruled out.
        _ = Context.shared
        guard zmq_curve_keypair(&publicText, &secretText) == 0,
            let pair = CurveKeyPair(publicText: string(publicText), secretText: string(secretText))
        else { preconditionFailure("zmq_curve_keypair made no key pair") }
        return pair
    }

    /// Takes a secret key in Z85 and derives the public one.
    ///
    /// - Throws: `badKey`; `publishedKey` for the pairs printed in zmq_curve(7).
    package init(secretText: String) throws(TransportError) {
        var publicText = [CChar](repeating: 0, count: Self.textLength + 1)
        guard secretText.utf8.count == Self.textLength, Z85.decode(secretText) != nil,
            zmq_curve_public(&publicText, secretText) == 0,
            let pair = CurveKeyPair(publicText: Self.string(publicText), secretText: secretText)
        else { throw TransportError(.badKey, "a CURVE secret key is \(Self.textLength) characters of Z85") }
        try PublishedKeys.refuse(pair.publicKey)
        self = pair
    }

    private init?(publicText: String, secretText: String) {
        guard let publicKey = Z85.decode(publicText), let secretKey = Z85.decode(secretText) else { return nil }
        self.publicKey = publicKey
        self.secretKey = secretKey
        self.publicText = publicText
        self.secretText = secretText
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension CurveKeyPair: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "CurveKeyPair(public: \(publicText), secret: redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["publicText": publicText]) }
}

/// The test key pairs of zmq_curve(7). Copied from there into real deployments often enough to be refused.
enum PublishedKeys {
    private static let publicKeys = [
        "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
        "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    ].map { Z85.decode($0) }

    static func contains(_ publicKey: [UInt8]) -> Bool { publicKeys.contains(publicKey) }

    static func refuse(_ publicKey: [UInt8]) throws(TransportError) {
        guard contains(publicKey) else { return }
        throw TransportError(
            .publishedKey, "this key pair is printed in the libzmq manual, so everybody has it: generate another")
    }
}
