internal import PenstockCore
internal import Testing

/// Rates of few calls: a part of one call is no use to anybody, so they go to few nodes at a time.
@Suite struct RateSmallTests {
    private func run(_ mesh: inout RateMesh, _ milliseconds: Int64) -> [Int64] {
        var admitted = mesh.nodes.map { _ in Int64(0) }
        for _ in 0..<(milliseconds / 50) {
            for node in mesh.nodes.indices {
                if mesh.call(node) { admitted[node] += 1 }
                if (mesh.now / Make.milliseconds(50) + Int64(node)) % 5 == 0 { mesh.echo(node) }
            }
            mesh.advance(50)
        }
        return admitted
    }

    @Test func fiveAMinuteAtOneNodeIsAllThere() {
        var mesh = RateMesh(Rate(unit: "calls", limit: 5, periodMS: 60_000), nodes: 1)
        let burst = run(&mesh, 2000)[0]
        #expect(burst == 5)
        let minute = run(&mesh, 60_000)[0]
        #expect(minute >= 4)
    }

    /// The burst, and then five a minute, but for the parts of a call that are left over at each node.
    @Test(arguments: [2, 4, 5, 10]) func fiveAMinuteOverManyNodesIsUsedByAll(nodes: Int) {
        var mesh = RateMesh(Rate(unit: "calls", limit: 5, periodMS: 60_000), nodes: nodes)
        let admitted = run(&mesh, 600_000)
        #expect(admitted.reduce(0, +) >= 45, "\(admitted)")
    }

    @Test func oneASecondGoesRoundInTurns() {
        var mesh = RateMesh(Rate(unit: "calls", limit: 1, periodMS: 1000), nodes: 3)
        let admitted = run(&mesh, 120_000)
        #expect(admitted.reduce(0, +) >= 90, "\(admitted)")
        for count in admitted { #expect(count >= 20, "\(admitted)") }
    }

    @Test func anAmountAsLargeAsTheBurstIsServedBesideSmallOnes() {
        var mesh = RateMesh(Rate(unit: "tokens", limit: 100, periodMS: 1000, burst: 100), nodes: 3)
        var large = 0
        for step in 0..<600 {
            for node in 0..<2 { _ = mesh.call(node, 10) }
            if mesh.call(2, 100) { large += 1 }
            for node in 0..<3 where step % 5 == node { mesh.echo(node) }
            mesh.advance(50)
        }
        #expect(large >= 3)
    }
}
