internal import PenstockCore
internal import Testing

/// What an enforcer makes of what the ledger signed: it is held against this node's mesh and the log that it has folded.
@Suite struct FollowerLogTests {
    /// Node n1 of mesh "mesh", waiting for a snapshot.
    private struct Node {
        var follower: Follower
        var enforcement = Enforcement(node: "n1", incarnation: Make.incarnation(1), audiences: [])
        let view: View

        init(mesh: String = "mesh") throws {
            follower = Follower(mesh: mesh, seen: 0, heard: 0, predecessors: Predecessors())
            view = try View(grants: [Make.grant("g")])
            #expect(tick() == [])
            #expect(tick() == [.snapshot])
        }

        mutating func tick() -> [Follower.Ask] {
            follower.tick(&enforcement, awaited: [], echoWanted: false, at: 0) { 1 }
        }

        mutating func load() { follower.loaded(view, head: view.position, into: &enforcement, at: 0) }
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
        #expect(node.enforcement.view == nil, "nothing of it decides")
        #expect(node.enforcement.halted?.contains("mesh 'mesh'") == true)
        #expect(node.tick() == [], "a halted node asks for nothing")
    }

    @Test func snapshotThatNobodyWaitsForChangesNothing() throws {
        var node = try Node()
        node.follower.halt("test", &node.enforcement)
        node.load()
        #expect(node.follower.phase == .halted)
        #expect(node.enforcement.view == nil)
    }
}
