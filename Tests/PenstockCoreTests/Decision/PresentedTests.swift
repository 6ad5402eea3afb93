internal import PenstockCore
internal import Testing

/// What a grant asks to be proven besides its credential.
@Suite struct PresentedTests {
    /// Each proof is of its own kind: no other stands for it, though the thumbprint is the same.
    @Test(arguments: [nil, .key(Make.id("k")), .certificate(Make.id("k"))] as [PenstockCore.Confirmation?])
    func keyIsTheGrants(confirmation: PenstockCore.Confirmation?) throws {
        let node = try DecidingNode([Make.grant("g") { $0.confirmation = confirmation }])
        let shown: [(key: Digest?, certificate: Digest?)] = [
            (nil, nil), (Make.id("k"), nil), (nil, Make.id("k")), (Make.id("x"), Make.id("x")), (.zero, .zero),
        ]
        for proof in shown {
            let call = Make.call { ($0.presented.key, $0.presented.certificate) = (proof.key, proof.certificate) }
            let isProven =
                switch confirmation {
                case nil: true
                case .key(let digest): proof.key == digest
                case .certificate(let digest): proof.certificate == digest
                }
            #expect(node.reason(call) == (isProven ? .none : .credentialMismatch))
        }
    }

    @Test func childWithoutAKeyOfItsOwnAsksForItsParents() throws {
        let node = try DecidingNode([
            Make.grant("g") { ($0.confirmation, $0.delegate) = (.certificate(Make.id("parent's")), 1) },
            Make.grant("bare") { $0.parent = "g" },
            Make.grant("own") { ($0.parent, $0.confirmation) = ("g", .key(Make.id("own"))) },
        ])
        func reason(_ grant: String, _ change: (inout Presented) -> Void = { _ in }) -> Reason {
            node.reason(Make.call(grant) { change(&$0.presented) })
        }
        #expect(reason("bare") == .credentialMismatch)
        #expect(reason("bare") { $0.certificate = Make.id("parent's") } == .none)
        #expect(reason("own") { $0.certificate = Make.id("parent's") } == .credentialMismatch)
        #expect(reason("own") { $0.key = Make.id("own") } == .none)
    }
}
