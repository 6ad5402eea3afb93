internal import PenstockCore
internal import Testing

/// Shares follow demand. Every node echoes once in 250 ms and never in between, which is the slowest a mesh can be.
@Suite struct RateConvergenceTests {
    /// Runs `milliseconds`, calling each node `demand` times in every 10 ms. Returns what was admitted, by node.
    private func run(_ mesh: inout RateMesh, _ milliseconds: Int64, demand: [Int]) -> [Int64] {
        var admitted = demand.map { _ in Int64(0) }
        for _ in 0..<(milliseconds / 10) {
            for node in demand.indices {
                for _ in 0..<demand[node] where mesh.call(node) { admitted[node] += 1 }
                // Nodes echo one after the other within the quarter second.
                let phase = Int64(node) * 250 / Int64(demand.count) / 10
                if mesh.now / Make.milliseconds(10) % 25 == phase { mesh.echo(node) }
            }
            mesh.advance(10)
        }
        return admitted
    }

    private static let rate = Rate(unit: "calls", limit: 1000, periodMS: 1000, burst: 100)

    @Test func aLoneNodeHasTheWholeRate() {
        var mesh = RateMesh(Self.rate, nodes: 2)
        _ = run(&mesh, 750, demand: [20, 0])
        #expect(mesh.share(0) == Rate.whole)
        let last = run(&mesh, 1000, demand: [20, 0])[0]
        #expect(last >= 990)
    }

    /// Four rounds at most: one tells that the first node is idle, one takes its parts, one has that confirmed, one
    /// gives them.
    @Test func demandThatMovesHasTheFullRateWithinASecond() {
        var mesh = RateMesh(Self.rate, nodes: 2)
        _ = run(&mesh, 3000, demand: [20, 0])
        _ = run(&mesh, 1000, demand: [0, 20])
        #expect(mesh.share(1) >= Rate.whole * 98 / 100, "\(mesh.share(1)) of \(Rate.whole)")
        let last = run(&mesh, 1000, demand: [0, 20])[1]
        #expect(last >= 970)
    }

    @Test func equalDemandHasEqualShares() {
        var mesh = RateMesh(Self.rate, nodes: 4)
        _ = run(&mesh, 2000, demand: [20, 0, 0, 0])
        _ = run(&mesh, 1500, demand: [20, 20, 20, 20])
        let admitted = run(&mesh, 2000, demand: [20, 20, 20, 20])
        #expect(admitted.reduce(0, +) >= 1950)
        for count in admitted { #expect((450...550).contains(count), "\(admitted)") }
    }

    @Test func whoWantsLittleHasItAndTheOthersHaveTheRest() {
        var mesh = RateMesh(Self.rate, nodes: 3)
        _ = run(&mesh, 2000, demand: [1, 20, 20])
        let admitted = run(&mesh, 2000, demand: [1, 20, 20])
        #expect(admitted[0] >= 195, "\(admitted)")
        #expect(admitted[1] >= 820 && admitted[2] >= 820, "\(admitted)")
    }

    @Test func aHolderWithoutDemandForASecondLosesItsShare() {
        var mesh = RateMesh(Self.rate, nodes: 1)
        _ = run(&mesh, 1000, demand: [1])
        #expect(mesh.share(0) == Rate.whole)
        _ = run(&mesh, 1750, demand: [0])
        #expect(mesh.share(0) == 0)
    }

    @Test func fullAgainAfterTheLedgerRestarts() {
        var mesh = RateMesh(Self.rate, nodes: 2)
        _ = run(&mesh, 2000, demand: [20, 0])
        mesh.restartLedger()
        let meanwhile = run(&mesh, 1000, demand: [20, 0])
        #expect(meanwhile[0] >= 980, "what a node holds it goes on using")
        _ = run(&mesh, 2500, demand: [0, 20])
        let last = run(&mesh, 1000, demand: [0, 20])[1]
        #expect(last >= 970)
    }

    @Test func aDeadNodesShareComesBack() {
        var mesh = RateMesh(Self.rate, nodes: 2)
        _ = run(&mesh, 2000, demand: [20, 0])
        mesh.nodes[0] = mesh.fresh()
        _ = run(&mesh, 2000, demand: [0, 20])
        #expect(mesh.share(1) == Rate.whole)
    }
}
