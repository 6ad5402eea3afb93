internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// The door: from bytes to what is decoded and verified. Bad bytes change nothing, except where the log goes on with
/// them.
extension Link {
    func takeUrgent() {
        while case .message(let message)? = try? urgent.receive() {
            guard let publication = try? decode(UrgentPublication.self, message.payload, "urgent publication"),
                follower.wants(urgent: publication.position),
                let event = try? SignedEvent(entry: [UInt8](publication.event)), case .restricted = event.event.kind,
                problems(of: [event]) == [nil]
            else { continue }
            verified.insert(event.event.id)
            take(.urgent(event.event, at: publication.position))
            perform()
        }
    }

    func takeLog() {
        while case .message(let message)? = try? log.receive() {
            guard follower.phase == .live,
                let publication = try? decode(LogPublication.self, message.payload, "log publication")
            else { continue }
            takePage(publication.events, from: publication.first)
            if !publication.checkpoint.isEmpty { take(.publishedCheckpoint(note: publication.checkpoint)) }
            takeUrgent()
        }
    }

    /// Folds consecutive entries up to the first that cannot be followed.
    func takePage(_ entries: [Data], from first: Position) {
        guard follower.admits(first: first, count: entries.count, at: Clocks.now()) else { return }
        var rest = entries.dropFirst(Int(clamping: follower.applied + 1 - first))
        while follower.phase == .live, !rest.isEmpty {
            let (run, damage) = Self.nextRun(&rest)
            for (event, problem) in zip(run, problems(of: run)) where follower.phase == .live {
                take(logged(event, problem))
            }
            if let damage, follower.phase == .live { take(unfollowable("\(damage)")) }
        }
        perform()
    }

    /// Takes entries off a page up to one behind which others may be members, or one that cannot be read.
    private static func nextRun(_ rest: inout ArraySlice<Data>) -> (events: [SignedEvent], damage: WireError?) {
        var run: [SignedEvent] = []
        while let entry = rest.popFirst() {
            do throws(WireError) {
                let event = try SignedEvent(entry: [UInt8](entry))
                run.append(event)
                if event.event.kind.name.changesMembers { break }
            } catch {
                return (run, error)
            }
        }
        return (run, nil)
    }

    private func logged(_ event: SignedEvent, _ problem: String?) -> NodeInput {
        if let problem { return unfollowable(problem) }
        frontier.append(MerkleTree.leafHash(event.entry))
        return .logged(event.event, at: follower.applied + 1, root: frontier.root)
    }

    private func unfollowable(_ why: String) -> NodeInput {
        .contradiction("log position \(follower.applied + 1) cannot be followed: \(why)")
    }

    /// Why each event is not to be folded: nil where its origin is a member whose role may cause this kind, and signed
    /// it. Signatures that were not verified before are verified together, on all cores.
    private func problems(of events: [SignedEvent]) -> [String?] {
        let members = members(Set(events.map(\.event.origin)))
        var problems = [String?](repeating: nil, count: events.count)
        var unverified: [(place: Int, event: SignedEvent, keys: NodeKeys)] = []
        for (place, event) in events.enumerated() where !verified.take(event.event.id) {
            let (origin, kind) = (event.event.origin, event.event.kind.name)
            if let keys = members[origin], Authority.permits(keys.role, kind) {
                unverified.append((place, event, keys))
            } else if let keys = members[origin] {
                problems[place] = "a key of role \(keys.role.name) caused a \(kind.rawValue)"
            } else {
                problems[place] = "its origin '\(origin)' is not a member"
            }
        }
        let areSigned = verifier.verify(unverified.map { ($0.event, $0.keys) })
        for (one, isSigned) in zip(unverified, areSigned) where !isSigned {
            problems[one.place] = "its signature does not verify"
        }
        return problems
    }

    private func members(_ names: Set<String>) -> [String: NodeKeys] {
        enforcer.state.withShard(0) { enforcement in
            names.reduce(into: [:]) { $0[$1] = enforcement.node.view.member($1) }
        }
    }

    /// A checkpoint under the ledger's signature.
    func openCheckpoint(_ text: String) {
        guard let note = try? SignedNote(parsing: text), let checkpoint = try? Checkpoint(parsing: note.text),
            note.signatures.contains(where: { ledgerKey.verdict(on: $0, text: note.text) == .signed })
        else { return }
        take(.checkpoint(origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root))
        perform()
    }

    func openSnapshot(_ snapshot: SnapshotLoad) {
        take(opened(snapshot))
        perform()
    }

    /// The view of a snapshot that the ledger signed.
    private func opened(_ snapshot: SnapshotLoad) -> NodeInput {
        let message = SnapshotSignature.message(
            position: snapshot.position, epoch: snapshot.epoch, digest: snapshot.digest)
        guard SHA256.hash(snapshot.bytes) == snapshot.digest,
            ledgerVerifier.verify(signature: snapshot.signature, message: message)
        else { return .contradiction("the snapshot is not the one that the ledger signed") }
        func unusable(_ why: String) -> NodeInput { .contradiction("the snapshot cannot be used: \(why)") }
        let view: View
        do {
            view = try SnapshotCodec.decode(snapshot.bytes)
        } catch {
            return unusable("\(error)")
        }
        guard view.position == snapshot.position else { return unusable("it is of position \(view.position)") }
        guard let frontier = MerkleFrontier(size: snapshot.position, hashes: snapshot.frontier) else {
            return unusable("its tree makes no sense")
        }
        self.frontier = frontier
        return .snapshot(view, root: frontier.root, head: snapshot.head)
    }
}
