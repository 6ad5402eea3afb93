internal import PenstockTransport
internal import Testing

extension TransportTests {
    @Suite(.serialized)
    struct Keys {
        /// From zmq_curve(7): public, secret.
        static let published = [
            ["Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"],
            ["rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"],
        ]

        @Test
        func secretTextGivesThePairBack() throws {
            let pair = CurveKeyPair.generate()
            #expect(try CurveKeyPair(secretText: pair.secretText) == pair)
            #expect(pair.publicKey.count == 32 && pair.secretKey.count == 32)
            #expect(pair.publicText.count == 40 && pair.secretText.count == 40)
            #expect(CurveKeyPair.generate() != pair)
        }

        @Test(arguments: published)
        func publishedPairsAreRefused(pair: [String]) throws {
            let (publicKey, secretText) = (try #require(Z85.decode(pair[0])), pair[1])
            #expect { try CurveKeyPair(secretText: secretText) } throws: {
                ($0 as? TransportError)?.code == .publishedKey
            }
            #expect { try Socket(.dealer, security: .client(keys: .generate(), serverKey: publicKey)) } throws: {
                ($0 as? TransportError)?.code == .publishedKey
            }
        }

        @Test(arguments: ["", "short", String(repeating: "a", count: 41), String(repeating: "é", count: 20)])
        func textThatIsNoKeyIsRefused(text: String) {
            #expect { try CurveKeyPair(secretText: text) } throws: { ($0 as? TransportError)?.code == .badKey }
        }

        @Test
        func serverKeyOfAnotherLengthIsRefused() {
            #expect { try Socket(.dealer, security: .client(keys: .generate(), serverKey: [1, 2, 3])) } throws: {
                ($0 as? TransportError)?.code == .badKey
            }
        }

        @Test
        func secretIsNeverPrinted() {
            let pair = CurveKeyPair.generate()
            var dumped = ""
            dump(pair, to: &dumped)
            let security = SocketSecurity.server(keys: pair, domain: "d")
            dump(security, to: &dumped)
            for text in ["\(pair)", String(reflecting: pair), "\(security)", dumped] {
                #expect(!text.contains(pair.secretText))
                #expect(!text.contains("\(pair.secretKey)"))
                #expect(text.contains(pair.publicText))
            }
        }

        /// The example of RFC 32.
        @Test
        func z85MatchesItsSpecification() {
            let bytes: [UInt8] = [0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b]
            #expect(Z85.encode(bytes) == "HelloWorld")
            #expect(Z85.decode("HelloWorld") == bytes)
        }

        @Test(arguments: ["", "Hell", "Hell\0", "Hell ", "Hell\"", "Hell~", "#####", "Helé", "Hell\u{7f}"])
        func z85RefusesOtherText(text: String) {
            #expect(Z85.decode(text) == nil)
        }

        @Test
        func z85RefusesOtherLengths() {
            #expect(Z85.encode([]) == nil)
            #expect(Z85.encode([1, 2, 3]) == nil)
        }
    }
}
