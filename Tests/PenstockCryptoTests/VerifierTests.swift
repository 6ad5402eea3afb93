internal import PenstockCore
internal import PenstockCrypto
internal import Testing

@Suite struct VerifierTests {
    private let key = SigningKey.generate()
    private let message = Array("stop".utf8)

    @Test func anyFlippedBitFails() {
        let verifier = Verifier(key.publicKey)
        let signature = key.sign(message)
        #expect(verifier.verify(signature: signature, message: message))
        for bit in 0..<512 {
            var changed = signature
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(!verifier.verify(signature: changed, message: message))
        }
        for bit in 0..<(message.count * 8) {
            var changed = message
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(!verifier.verify(signature: signature, message: changed))
        }
    }

    @Test func wrongLengthFails() {
        let verifier = Verifier(key.publicKey)
        let signature = key.sign(message)
        #expect(!verifier.verify(signature: [], message: message))
        #expect(!verifier.verify(signature: Array(signature.dropLast()), message: message))
        #expect(!verifier.verify(signature: signature + [0], message: message))
    }

    /// S + L satisfies the same equation; RFC 8032 section 5.1.7 demands S < L.
    @Test func malleatedSignatureFails() throws {
        let order = try #require(Hex.decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"))
        var signature = key.sign(message)
        var carry = 0
        for place in 0..<32 {
            let sum = Int(signature[32 + place]) + Int(order[place]) + carry
            signature[32 + place] = UInt8(truncatingIfNeeded: sum)
            carry = sum >> 8
        }
        #expect(carry == 0)
        #expect(!Verifier(key.publicKey).verify(signature: signature, message: message))
    }

    @Test func otherKeyFails() {
        let signature = key.sign(message)
        #expect(!Verifier(SigningKey.generate().publicKey).verify(signature: signature, message: message))
    }

    @Test func concurrentUseAgrees() async {
        let verifier = Verifier(key.publicKey)
        let key = key
        let results = await withTaskGroup(of: Bool.self) { group in
            for number in UInt8(0)..<16 {
                group.addTask {
                    (0..<20).allSatisfy { _ in verifier.verify(signature: key.sign([number]), message: [number]) }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results == [Bool](repeating: true, count: 16))
    }
}

@Suite struct PublicKeyTests {
    @Test func wrongLengthIsRefused() {
        #expect(PublicKey([UInt8](repeating: 9, count: 31)) == nil)
        #expect(PublicKey([UInt8](repeating: 9, count: 33)) == nil)
    }

    /// The five canonical small-order coordinates and three that are written beyond the prime, with either sign.
    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ])
    func smallOrderOrBeyondThePrimeIsRefused(hex: String) throws {
        var bytes = try #require(Hex.decode(hex))
        #expect(PublicKey(bytes) == nil)
        bytes[31] |= 0x80
        #expect(PublicKey(bytes) == nil)
    }

    /// y = 2 is on no point of the curve.
    @Test func bytesOffTheCurveAreRefused() {
        #expect(PublicKey([2] + [UInt8](repeating: 0, count: 31)) == nil)
    }

    /// The sum of a good key's point and the point (0, -1) of order two: negating both coordinates adds it.
    @Test func pointWithATorsionPartIsRefused() {
        let prime: [UInt8] = [0xED] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]
        var bytes = SigningKey.generate().publicKey.bytes
        let sign = bytes[31] & 0x80
        bytes[31] &= 0x7F
        var borrow = 0
        for place in 0..<32 {
            let difference = Int(prime[place]) - Int(bytes[place]) - borrow
            bytes[place] = UInt8(truncatingIfNeeded: difference)
            borrow = difference < 0 ? 1 : 0
        }
        bytes[31] |= sign ^ 0x80
        #expect(PublicKey(bytes) == nil)
    }
}
