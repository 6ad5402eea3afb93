internal import PenstockCore
internal import Testing

/// What an enforcer makes of what the ledger signed: it is held against this node's mesh and the log that it has
/// folded.
@Suite struct FollowerLogTests {
    /// Node n1 of mesh "mesh", waiting for a snapshot.
    private struct Node: ~Copyable {
        var follower: Follower
        var enforcement = Enforcement(node: "n1", incarnation: Make.incarnation(1), audiences: [])
        let view: View

        init(mesh: String = "mesh") throws {
            follower = Make.follower(mesh: mesh)
            view = try View(grants: [Make.grant("g")])
            #expect(tick() == [])
            #expect(tick() == [.snapshot])
        }

        mutating func tick() -> [Follower.Ask] {
            follower.tick(&enforcement, awaited: [], echoWanted: false, at: 0) { 1 }
        }

        mutating func load() { follower.loaded(view, head: view.position, into: &enforcement, at: 0) }

        /// - Parameter folded: nil when the root at that size is forgotten.
        mutating func receive(
            _ origin: String = "mesh", size: Position, root: String = "root", folded: String? = "root"
        ) -> Follower.CheckpointAction {
            follower.received(
                checkpointOf: origin, size: size, root: Make.id(root), folded: folded.map(Make.id), &enforcement)
        }
    }

    @Test func snapshotOfThisMeshIsServedFrom() throws {
        var node = try Node()
        node.load()
        #expect(node.follower.phase == .live)
        #expect(node.follower.applied == node.view.position)
        #expect(node.enforcement.halted == nil)
    }

    @Test func snapshotOfAnotherMeshHalts() throws {
        var node = try Node(mesh: "other")
        node.load()
        #expect(node.follower.phase == .halted)
        #expect(node.follower.applied == 0)
        #expect(node.enforcement.node.hasView == false, "nothing of it decides")
        #expect(node.enforcement.halted?.contains("mesh 'mesh'") == true)
        #expect(node.tick() == [], "a halted node asks for nothing")
    }

    @Test func snapshotThatNobodyWaitsForChangesNothing() throws {
        var node = try Node()
        node.follower.halt("test", &node.enforcement)
        node.load()
        #expect(node.follower.phase == .halted)
        #expect(node.enforcement.node.hasView == false)
    }

    @Test func checkpointOfTheLogThatWasFoldedIsCosigned() throws {
        var node = try Node()
        node.load()
        #expect(node.receive(size: node.view.position) == .cosign)
        #expect(node.receive(size: node.view.position - 1) == .cosign)
        #expect(node.follower.phase == .live)
    }

    @Test func checkpointAheadOfTheViewWaits() throws {
        var node = try Node()
        #expect(node.receive(size: 1) == .drop, "a node without a view has applied nothing")
        node.load()
        #expect(node.receive(size: node.view.position + 1, root: "root", folded: nil) == .wait)
        #expect(node.receive(size: .max, root: "another root", folded: nil) == .wait)
        #expect(node.follower.phase == .live)
    }

    @Test func checkpointOfAnotherOriginIsDropped() throws {
        var node = try Node()
        node.load()
        #expect(node.receive("other", size: node.view.position) == .drop)
        #expect(node.receive("other", size: node.view.position, root: "another root") == .drop)
        #expect(node.follower.phase == .live, "another log's root says nothing of this one")
    }

    @Test func checkpointOfASizeThatIsForgottenIsDropped() throws {
        var node = try Node()
        node.load()
        #expect(node.receive(size: 1, folded: nil) == .drop)
        #expect(node.follower.phase == .live)
    }

    @Test(arguments: [0, 1] as [Position]) func checkpointThatContradictsTheLogHalts(behind: Position) throws {
        var node = try Node()
        node.load()
        #expect(node.receive(size: node.view.position - behind, root: "another root") == .tellLedger)
        #expect(node.follower.phase == .halted)
        #expect(node.enforcement.halted?.contains("not the root of the log") == true)
        #expect(node.receive(size: node.view.position) == .drop, "a halted node cosigns nothing")
        #expect(node.tick() == [], "no echo, so no lease")
    }
}
