internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockWire

/// A ledger's state at a position, as a file has it: lines of text that say which log it is of, signed by the ledger,
/// and the state behind them.
///
/// It binds the mesh, the position, the tree's root there and the state's digest. It is never trusted in part: whoever
/// loads one checks all of them.
struct StateSnapshot: Sendable {
    var position: UInt64
    var root: Digest
    var digest: Digest
    /// By the ledger, over the statement of all these.
    var signature: [UInt8]
    var body: [UInt8]
    private var statement: String

    init(_ state: LedgerState, root: Digest, mesh: String, key: SigningKey) {
        position = state.view.position
        self.root = root
        body = LedgerStateCodec.encode(state)
        digest = SHA256.hash(body)
        statement = SnapshotSignature.statement(ofState: digest, mesh: mesh, position: position, root: root)
        signature = key.sign(Array(statement.utf8))
    }

    var encoded: [UInt8] { Array((statement + Hex.encode(signature) + "\n").utf8) + body }

    /// - Throws: unless it is whole, of this mesh, and signed with the key.
    init(_ bytes: [UInt8], mesh: String, key: PublicKey) throws(LedgerError) {
        let head = bytes.prefix(Self.mostHeaderBytes)
        var lines: [Substring] = []
        var start = head.startIndex
        while lines.count < 6, let end = head[start...].firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(Substring(decoding: head[start..<end], as: UTF8.self))
            start = end + 1
        }
        guard lines.count == 6, lines[0] == SnapshotSignature.stateFormat else {
            throw LedgerError.unfit("it is no snapshot of this version")
        }
        guard lines[1] == mesh else { throw LedgerError.unfit("it is of another mesh") }
        guard let position = UInt64(lines[2]), let root = Digest(hex: lines[3]), let digest = Digest(hex: lines[4]),
            let signature = Hex.decode(lines[5])
        else { throw LedgerError.unfit("its head cannot be read") }
        self.position = position
        self.root = root
        self.digest = digest
        self.signature = signature
        body = Array(bytes[start...])
        statement = SnapshotSignature.statement(ofState: digest, mesh: mesh, position: position, root: root)
        guard Verifier(key).verify(signature: signature, message: Array(statement.utf8)) else {
            throw LedgerError.unfit("this ledger has not signed it for this mesh")
        }
        guard SHA256.hash(body) == digest else { throw LedgerError.unfit("its digest is another") }
    }

    /// Five short lines, and a signature.
    private static let mostHeaderBytes = 2_048

    func state() throws(LedgerError) -> LedgerState {
        let state: LedgerState
        do {
            state = try LedgerStateCodec.decode(body)
        } catch {
            throw LedgerError.unfit("\(error)", cause: error)
        }
        guard state.view.position == position else { throw LedgerError.unfit("its state is of another position") }
        return state
    }
}

extension LedgerError {
    /// Why a snapshot is not to be used.
    static func unfit(_ why: String, cause: (any Error)? = nil) -> LedgerError {
        LedgerError(.snapshot, why, cause: cause)
    }
}

extension StateSnapshots {
    /// What is told of a snapshot that lies beside the log.
    struct Kept: Sendable {
        var position: Position
        var digest: Digest
        var signature: [UInt8]

        init(_ snapshot: StateSnapshot) {
            (position, digest, signature) = (snapshot.position, snapshot.digest, snapshot.signature)
        }
    }
}
