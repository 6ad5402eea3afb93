package import PenstockCore

extension TlogProof {
    /// What a proof that holds says.
    package struct Verified: Hashable, Sendable {
        /// The log's name.
        package let origin: String
        /// The entry's, from 0.
        package let index: UInt64
        /// The checkpoint's, in entries.
        package let size: UInt64
        package let root: Digest
        /// The log's key that signed.
        package let log: NoteKey
        /// The policy's witnesses whose cosignatures hold, in the policy's order; at least its quorum.
        package let cosigners: [Cosigned]
    }

    package struct Cosigned: Hashable, Sendable {
        /// The witness's name in the policy; its own is in `key`.
        package let name: String
        package let key: NoteKey
        /// POSIX time of its earliest cosignature here, in seconds: it is the strongest statement of several.
        package let unixSeconds: UInt64
    }

    /// Checks that `entry` is in a log the policy trusts, under a checkpoint that enough of its witnesses cosigned.
    ///
    /// Signatures come first, so that nothing unsigned decides what is reported.
    /// - Parameter entry: the entry's exact bytes.
    package func verify(entry: UnsafeRawBufferPointer, policy: Policy) throws(TlogProofError) -> Verified {
        let checkpoint: Checkpoint
        do throws(CheckpointError) {
            checkpoint = try Checkpoint(parsing: note.text)
        } catch {
            throw .checkpoint(error)
        }
        let log = try signingLog(of: checkpoint, policy)
        let cosigners = try cosigners(policy)
        guard index < checkpoint.size else { throw .indexBeyondSize(index: index, size: checkpoint.size) }
        guard
            MerkleProof.verifyInclusion(
                leaf: MerkleTree.leafHash(entry), index: index, size: checkpoint.size, proof: hashes,
                root: checkpoint.root)
        else { throw .notIncluded }
        guard policy.isQuorumMet(by: cosigners.map(\.name)) else { throw .quorumNotMet(cosigners.map(\.name)) }
        return Verified(
            origin: checkpoint.origin, index: index, size: checkpoint.size, root: checkpoint.root, log: log,
            cosigners: cosigners)
    }

    package func verify(entry: [UInt8], policy: Policy) throws(TlogProofError) -> Verified {
        // `withUnsafeBytes` rethrows untyped, hence the detour through a result.
        let result = entry.withUnsafeBytes { bytes in
            Result { () throws(TlogProofError) in try verify(entry: bytes, policy: policy) }
        }
        return try result.get()
    }

    private func signingLog(of checkpoint: Checkpoint, _ policy: Policy) throws(TlogProofError) -> NoteKey {
        var signer: NoteKey?
        for log in policy.logs where log.key.name.hasSameOctets(as: checkpoint.origin) {
            for signature in note.signatures {
                switch log.key.verdict(on: signature, text: note.text) {
                case .signed: signer = signer ?? log.key
                case .forged: throw .forgedLogSignature(log.key.name)
                case .foreign: continue
                case .cosigned: preconditionFailure("a policy's log keys are of kind log")
                }
            }
        }
        guard let signer else { throw .notSignedByKnownLog(origin: checkpoint.origin) }
        return signer
    }

    private func cosigners(_ policy: Policy) throws(TlogProofError) -> [Cosigned] {
        var cosigners: [Cosigned] = []
        for witness in policy.witnesses {
            var earliest: UInt64?
            for signature in note.signatures {
                switch witness.key.verdict(on: signature, text: note.text) {
                case .cosigned(let seconds): earliest = min(seconds, earliest ?? seconds)
                case .forged: throw .forgedCosignature(witness.name)
                case .foreign: continue
                case .signed: preconditionFailure("a policy's witness keys are of kind cosigner")
                }
            }
            if let earliest {
                cosigners.append(Cosigned(name: witness.name, key: witness.key, unixSeconds: earliest))
            }
        }
        return cosigners
    }
}

/// Why bytes are not a proof, or why a proof does not hold.
package enum TlogProofError: Error, Equatable {
    /// The first line is not `c2sp.org/tlog-proof@v1`.
    case header
    /// The `extra` line is not strict base 64.
    case extra
    /// No `index` line with a decimal number.
    case index
    /// Counted from 1.
    case hash(number: Int)
    case tooManyHashes
    /// Nothing separates the hashes from the checkpoint.
    case noBlankLine
    case note(NoteError)
    case checkpoint(CheckpointError)

    /// No log of the policy has this origin and signed.
    case notSignedByKnownLog(origin: String)
    /// A signature claims the key of this log and does not verify.
    case forgedLogSignature(String)
    /// A cosignature claims the key of this witness and does not verify.
    case forgedCosignature(String)
    case indexBeyondSize(index: UInt64, size: UInt64)
    /// Entry, index and hashes do not lead to the checkpoint's root.
    case notIncluded
    /// Only these witnesses of the policy cosigned.
    case quorumNotMet([String])
}

extension TlogProofError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .header: "its first line is not 'c2sp.org/tlog-proof@v1'"
        case .extra: "its 'extra' line is not base 64"
        case .index: "it has no 'index' line with a number"
        case .hash(let number): "hash \(number) is not base 64 of 32 bytes"
        case .tooManyHashes: "it has too many hashes"
        case .noBlankLine: "no blank line ends its hashes"
        case .note(let error): "its checkpoint is no signed note: \(error)"
        case .checkpoint(let error): "its checkpoint cannot be read: \(error)"
        case .notSignedByKnownLog(let origin): "no log of the policy has signed the checkpoint of '\(origin)'"
        case .forgedLogSignature(let name): "a signature under the log's key '\(name)' is forged"
        case .forgedCosignature(let name): "a cosignature under the key of '\(name)' is forged"
        case .indexBeyondSize(let index, let size): "index \(index) lies outside a tree of \(size)"
        case .notIncluded: "the event is not in the tree at this place"
        case .quorumNotMet(let names):
            """
            the policy's quorum is not met: \
            \(names.isEmpty ? "no witness of it has cosigned" : "only \(names.joined(separator: ", ")) cosigned")
            """
        }
    }
}
