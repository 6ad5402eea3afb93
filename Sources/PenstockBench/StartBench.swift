internal import Foundation
internal import PenstockCore
internal import PenstockSystem

/// `bench start`: an enforcer process from an empty folder to fresh, with many grants in the log.
package struct StartBench {
    package var grants: Int
    package var starts: Int

    package init(grants: Int, starts: Int) {
        self.grants = grants
        self.starts = starts
    }

    package func run(in folder: String, progress: (String) -> Void) throws -> [BenchResult] {
        let small = try measure(folder + "/small", grants: 1, starts: starts, progress)
        let large = try measure(folder + "/large", grants: grants, starts: starts, progress)
        let perGrant = Double(large.memory - small.memory) / Double(grants)
        return [
            BenchResult(
                "start", settings: ["grants": "\(grants)"], samples: large.samples,
                floor: .init(name: "start with 1 grant", p50Ns: small.samples.sorted()[small.samples.count / 2]),
                extra: ["bytes_per_grant": perGrant, "rss_mib": Double(large.memory) / 1_048_576])
        ]
    }

    private func measure(_ folder: String, grants: Int, starts: Int, _ progress: (String) -> Void) throws -> (
        samples: [Int64], memory: Int
    ) {
        progress("filling a log with \(grants) grant\(grants == 1 ? "" : "s")")
        let mesh = try BenchMesh(folder)
        try mesh.fill(grants: grants)
        try mesh.startLedger()
        var samples: [Int64] = []
        var memory: [Int] = []
        for number in 1...starts {
            progress("start \(number) of \(starts)")
            try mesh.join("node-\(number)")
            let before = Clocks.now()
            let node = try mesh.startNode("node-\(number)")
            try mesh.waitUntilFresh(1)
            samples.append(Clocks.now() - before)
            SystemThread.sleep(milliseconds: 500)
            memory.append(Self.residentBytes(node.pid))
            mesh.stopNodes()
            SystemThread.sleep(milliseconds: 2_000)
        }
        return (samples, memory.sorted()[memory.count / 2])
    }

    static func residentBytes(_ process: Int32) -> Int {
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }
}
