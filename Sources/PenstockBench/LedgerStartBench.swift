internal import Foundation
internal import PenstockCore
internal import PenstockSystem

/// `bench start`: a ledger process from its start until it answers, over a long log.
///
/// The floor is the same over a log of a few events. The first start has neither tiles nor a snapshot, as after an
/// upgrade or a restore: it is told apart, and measured once.
package struct LedgerStartBench {
    package var events: Int
    package var starts: Int

    package init(events: Int, starts: Int) {
        self.events = events
        self.starts = starts
    }

    package func run(in folder: String, progress: (String) -> Void) throws -> [BenchResult] {
        let small = try measure(folder + "/short", events: 1, progress)
        let large = try measure(folder + "/long", events: events, progress)
        return [
            BenchResult(
                "start ledger", settings: ["events": "\(events)"], samples: large.samples,
                floor: .init(name: "start with 1 event", p50Ns: small.samples.sorted()[small.samples.count / 2]),
                extra: [
                    "first_start_s": Double(large.first) / 1e9, "rss_mib": Double(large.memory) / 1_048_576,
                    "log_mib": Double(large.logBytes) / 1_048_576,
                ])
        ]
    }

    private struct Measured {
        var first: Int64
        var samples: [Int64]
        var memory: Int
        var logBytes: Int
    }

    private func measure(_ folder: String, events: Int, _ progress: (String) -> Void) throws -> Measured {
        progress("filling a log with \(events) event\(events == 1 ? "" : "s")")
        let mesh = try BenchMesh(folder)
        try mesh.fill(history: events)
        progress("the first start")
        let before = Clocks.now()
        try mesh.startLedger()
        let first = Clocks.now() - before
        mesh.stopLedger()
        var samples: [Int64] = []
        var memory: [Int] = []
        for number in 1...starts {
            progress("start \(number) of \(starts)")
            let before = Clocks.now()
            let ledger = try mesh.startLedger()
            samples.append(Clocks.now() - before)
            memory.append(StartBench.residentBytes(ledger.pid))
            mesh.stopLedger()
        }
        let log = try? FileManager.default.attributesOfItem(atPath: folder + "/ledger/data/log.sqlite")[.size] as? Int
        return Measured(
            first: first, samples: samples, memory: memory.sorted()[memory.count / 2], logBytes: (log ?? nil) ?? 0)
    }
}
