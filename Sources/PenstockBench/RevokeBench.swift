internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockSystem

/// `bench revoke`: from submitting a revoke to CLOSED, with real processes; idle, under load, and as a cold command.
package struct RevokeBench {
    package var enforcers: Int
    package var revokes: Int
    package var rate: Int

    package init(enforcers: Int, revokes: Int, rate: Int) {
        self.enforcers = enforcers
        self.revokes = revokes
        self.rate = rate
    }

    package func run(in folder: String, progress: (String) -> Void) throws -> [BenchResult] {
        let mesh = try BenchMesh(folder + "/mesh")
        try mesh.fill(grants: 100)
        try mesh.startLedger()
        for number in 1...enforcers { try mesh.join("node-\(number)") }
        progress("\(enforcers) enforcers, idle")
        for number in 1...enforcers { try mesh.startNode("node-\(number)") }
        try mesh.waitUntilFresh(enforcers)
        let floor = try Floor.measure(folder, samples: revokes)
        var cells: [BenchResult] = []
        cells.append(try warm(mesh, "revoke", ["enforcers": "\(enforcers)", "load": "idle"], floor))
        mesh.stopNodes()
        progress("\(enforcers) processes that verify and answer, and do nothing else")
        cells.append(
            BenchResult(
                "fan-out", settings: ["processes": "\(enforcers)"],
                samples: try FanOut(processes: enforcers, samples: revokes).measure(folder), floor: Self.floor(floor)))
        progress("\(enforcers) enforcers, \(rate) decisions a second between them")
        for number in 1...enforcers { try mesh.startNode("node-\(number)", rate: rate / enforcers) }
        try mesh.waitUntilFresh(enforcers)
        cells.append(try warm(mesh, "revoke", ["enforcers": "\(enforcers)", "load": "\(rate)/s"], floor))
        mesh.stopNodes()
        progress("the command, cold, 3 enforcers")
        for number in 1...3 { try mesh.startNode("node-\(number)") }
        try mesh.waitUntilFresh(3)
        SystemThread.sleep(milliseconds: 2_000)
        cells.append(try cold(mesh))
        return cells
    }

    private func warm(_ mesh: BenchMesh, _ name: String, _ settings: [String: String], _ floor: Floor) throws
        -> BenchResult
    {
        let client = try mesh.client("operator")
        // Leases of nodes that were stopped must have run out, or the first barriers wait for them.
        SystemThread.sleep(milliseconds: 2_000)
        var samples: [Int64] = []
        var open = 0
        for number in 0..<revokes + 10 {
            let restriction = Restriction(
                level: .revoke, selector: .run("none-\(number)-\(SecureRandom.uint64())"), reason: "bench", expiresAt: 0
            )
            let before = Clocks.now()
            let (_, barrier) = try client.submit(.restricted(restriction), barrierMS: 5000)
            let elapsed = Clocks.now() - before
            if barrier?.state != .closed { open += 1 }
            if number >= 10 { samples.append(elapsed) }
            // What a revoke leaves to be done, such as cosigning, is not part of the next one.
            SystemThread.sleep(milliseconds: 60)
        }
        return BenchResult(
            name, settings: settings, samples: samples, floor: Self.floor(floor),
            extra: [
                "not_closed": Double(open), "fdatasync_p50_us": Double(floor.fdatasync) / 1000,
                "round_trip_p50_us": Double(floor.roundTrip) / 1000,
            ])
    }

    private static func floor(_ floor: Floor) -> BenchResult.Floor {
        .init(name: "fdatasync + round trip", p50Ns: floor.fdatasync + floor.roundTrip)
    }

    private func cold(_ mesh: BenchMesh) throws -> BenchResult {
        var samples: [Int64] = []
        var floor: [Int64] = []
        for number in 0..<30 {
            let start = Clocks.now()
            try BenchMesh.run(["--version"])
            let middle = Clocks.now()
            try BenchMesh.run(["revoke", "--dir", mesh.folder, "--run", "cold-\(number)", "-o", "json"])
            samples.append(Clocks.now() - middle)
            floor.append(middle - start)
        }
        return BenchResult(
            "revoke command", settings: ["enforcers": "3", "load": "idle"], samples: samples,
            floor: .init(name: "penstock --version", p50Ns: floor.sorted()[floor.count / 2]))
    }
}
