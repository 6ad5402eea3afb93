internal import ArgumentParser
internal import PenstockBench

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Benchmarks; each prints its floor from the same run.",
        subcommands: [
            Decide.self, Apply.self, Revocation.self, Spend.self, Start.self, Fill.self, NodeProcess.self, Peer.self,
            Subscriber.self,
        ])

    struct Decide: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "decide", abstract: "The full decision in process.")
        @Option(help: "Live grants, picked at random: 1 to 1,000,000.") var grants = 100_000
        @Option(help: "Decisions of each cell: 1,000 to 100,000,000.") var n = 1_000_000
        @OptionGroup var sides: SideOptions
        @OptionGroup var formats: FormatOptions

        func run() throws {
            guard (1...1_000_000).contains(grants), (1000...100_000_000).contains(n) else {
                throw ValidationError("--grants is 1 to 1,000,000, --n 1,000 to 100,000,000")
            }
            try Failure.run(formats.chosen) {
                try Benches.inFolder { folder in
                    try Benches.print(
                        DecideBench(grants: grants, decisions: n, threads: sides.cells, shards: sides.shards).run(
                            in: folder), formats.chosen)
                }
            }
        }
    }
}

extension BenchCommand {

    struct Revocation: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke",
            abstract: "From submitting a revoke to CLOSED: idle, under load, and as a cold command.")
        @Option(help: "Enforcer processes: 3 to 64.") var enforcers = 8
        @Option(help: "Revokes of each cell: 10 to 100,000.") var n = 200
        @Option(help: "Decisions a second under load, over all enforcers: 64 to 10,000,000.") var rate = 50_000
        @OptionGroup var formats: FormatOptions

        func run() throws {
            guard (3...64).contains(enforcers), (10...100_000).contains(n), (64...10_000_000).contains(rate) else {
                throw ValidationError("--enforcers is 3 to 64, --n 10 to 100,000, --rate 64 to 10,000,000")
            }
            try Failure.run(formats.chosen) {
                try Benches.inFolder { folder in
                    try Benches.print(
                        RevokeBench(enforcers: enforcers, revokes: n, rate: rate).run(
                            in: folder, progress: Output.message), formats.chosen)
                }
            }
        }
    }

    struct Spend: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "spend",
            abstract: "Hold and settle in process: three units at once, under five levels of budgets.")
        @Option(help: "Live grants, picked at random: 1 to 1,000,000.") var grants = 10_000
        @Option(help: "Calls of each cell: 1,000 to 100,000,000.") var n = 1_000_000
        @OptionGroup var sides: SideOptions
        @OptionGroup var formats: FormatOptions

        func run() throws {
            guard (1...1_000_000).contains(grants), (1000...100_000_000).contains(n) else {
                throw ValidationError("--grants is 1 to 1,000,000, --n 1,000 to 100,000,000")
            }
            try Failure.run(formats.chosen) {
                try Benches.inFolder { folder in
                    try Benches.print(
                        SpendBench(grants: grants, calls: n, threads: sides.cells, shards: sides.shards).run(
                            in: folder), formats.chosen)
                }
            }
        }
    }

    struct Start: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "start",
            abstract:
                "An enforcer process from an empty folder to fresh, a ledger process over a long log, and their memory."
        )
        @Option(help: "Grants in the log: 1 to 1,000,000.") var grants = 100_000
        @Option(help: "Events in the ledger's log: 0 leaves the ledger out, to 10,000,000.") var events = 1_000_000
        @Option(help: "Starts: 1 to 100.") var n = 5
        @OptionGroup var formats: FormatOptions

        func run() throws {
            guard (1...1_000_000).contains(grants), (0...10_000_000).contains(events), (1...100).contains(n) else {
                throw ValidationError("--grants is 1 to 1,000,000, --events 0 to 10,000,000, --n 1 to 100")
            }
            try Failure.run(formats.chosen) {
                try Benches.inFolder { folder in
                    var cells = try StartBench(grants: grants, starts: n).run(in: folder, progress: Output.message)
                    if events > 0 {
                        cells += try LedgerStartBench(events: events, starts: n).run(
                            in: folder, progress: Output.message)
                    }
                    try Benches.print(cells, formats.chosen)
                }
            }
        }
    }

    struct Fill: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "fill", shouldDisplay: false)
        @Option var dir: String
        @Option var events: Int

        func run() throws {
            try Failure.run(.table) { try BenchMesh.fill(dir, history: events) }
        }
    }

    struct NodeProcess: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "node", shouldDisplay: false)
        @Option var dir: String
        @Option var name: String
        @Option var rate: Int

        func run() throws {
            try Failure.run(.table) {
                try BenchNode.run(folder: dir, name: name, rate: rate, credential: Credentials.read("-"))
            }
        }
    }

    struct Peer: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "peer", shouldDisplay: false)
        @Option var key: String

        func run() throws {
            try Failure.run(.table) { try BenchPeer.run(key: key) }
        }
    }

    struct Subscriber: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "subscriber", shouldDisplay: false)
        @Argument var publisher: String
        @Argument var answers: String
        @Argument var server: String
        @Argument var signer: String

        func run() throws {
            try Failure.run(.table) {
                try BenchSubscriber.run(publisher: publisher, answers: answers, server: server, signer: signer)
            }
        }
    }
}
