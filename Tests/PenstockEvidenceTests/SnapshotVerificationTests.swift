import Foundation
import PenstockCore
import PenstockCrypto
import PenstockNode
import PenstockProto
import SwiftProtobuf
import Testing

@testable import PenstockEvidence

/// A snapshot of the ledger's state, held against the log that it is of.
@Suite struct SnapshotVerificationTests {
    private let ledger = SigningKey.generate()
    private let audit: LogAudit

    init() {
        var audit = LogAudit()
        let keys = NodeKeys(
            name: "ledger", role: .ledger, signing: ledger.publicKey.bytes, channel: [UInt8](repeating: 1, count: 32))
        let signer = EventSigner(mesh: "mesh", name: "ledger", key: ledger)
        audit.take(signer.sign(.genesis([keys], .standard), at: 1).entry, at: 1)
        audit.take(signer.sign(.epochOpened(1, reason: ""), at: 1).entry, at: 2)
        audit.verifySignatures()
        self.audit = audit
    }

    private func problem(
        signedBy key: SigningKey, mesh: String = "mesh", root: Digest? = nil,
        _ change: (inout Penstock_V1_StateDigest) -> Void = { _ in }
    ) -> String? {
        let digest = LogVerification.digest(of: audit)
        let statement = SnapshotSignature.statement(
            ofState: digest, mesh: mesh, position: 2, root: root ?? audit.tree.root)
        var snapshot = Penstock_V1_StateDigest()
        (snapshot.position, snapshot.digest) = (2, Data(digest.bytes))
        snapshot.signature = Data(key.sign(Array(statement.utf8)))
        change(&snapshot)
        return LogVerification.problem(of: snapshot, audit, Verifier(ledger.publicKey))
    }

    @Test func snapshotThatTheLedgerSignedIsSound() {
        #expect(audit.problems == [] && problem(signedBy: ledger) == nil)
    }

    @Test func signatureOfAnotherKeyMeshOrLogIsRefused() throws {
        let unsigned = try #require(problem(signedBy: .generate()))
        #expect(unsigned.hasPrefix("the ledger's snapshot at position 2 is not signed by the ledger: "))
        #expect(unsigned.contains("remove state-2.snapshot"))
        #expect(problem(signedBy: ledger, mesh: "other") == unsigned)
        #expect(problem(signedBy: ledger, root: .zero) == unsigned)
        #expect(problem(signedBy: ledger) { $0.signature = Data() } == unsigned)
        #expect(problem(signedBy: ledger) { $0.signature[0] ^= 1 } == unsigned)
    }

    @Test func digestOfAnotherStateIsRefused() {
        let differs = "the ledger's snapshot at position 2 is not the fold of these entries"
        #expect(problem(signedBy: ledger) { $0.digest[0] ^= 1 } == differs)
        #expect(problem(signedBy: ledger) { $0.position = 1 }?.hasSuffix("is not the fold of these entries") == true)
    }
}
