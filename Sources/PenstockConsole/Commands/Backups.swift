internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockEvidence
internal import PenstockLedger
internal import PenstockNode
internal import PenstockStore
internal import PenstockWire

extension LogCommand {
    struct Backup: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "backup", abstract: "Copy the log to a new file, while the ledger runs.",
            discussion: """
                Every entry is verified as it is copied. Receipts and decisions, which are no authority, are not in \
                it. A log
                that was restored serves only once every enforcer has said that it knows no more than the log does: \
                back up
                often, and keep the newest.
                """)
        @Argument(help: "The file to make; it must not exist.") var file: String
        @OptionGroup var mesh: MeshOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.auditor, .operator, .issuer, .enforcer)
                let report = try LogBackup.make(file, of: client) { Output.progress("\($0) entries") }
                Changes.add("the log is in \(file)")
                try Output.print(report, mesh.output) {
                    [["\(file): position \(report.position), root \(report.root)"]]
                }
            }
        }
    }

    struct Restore: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "restore",
            abstract: "Put a backup in the place of the ledger's log, while the ledger is stopped.",
            discussion: """
                The log that is there is kept beside it. When the ledger starts, it opens a new epoch, and serves \
                nothing before
                each enforcer has told how far it had seen the log. If one has seen more, the ledger refuses to serve: \
                restore a
                newer backup. --without names an enforcer that will never come back, or whose data folder is gone, so \
                that it
                has no word to give; what it alone had seen is lost.
                """)
        @Argument(help: "The backup.") var file: String
        @Option(help: "The ledger's data folder.") var data: String
        @Option(help: "An enforcer whose word is not waited for; may be repeated.") var without: [String] = []
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var formats: FormatOptions

        func run() throws {
            try Failure.run(formats.chosen) {
                let report = try LogBackup.restore(file, to: data, without: without, isDryRun: confirmation.dryRun) {
                    question in
                    try confirmation.confirm(
                        question + " Answer 'restore'.", "restore", otherwise: "nothing was changed")
                }
                if !confirmation.dryRun {
                    Changes.add("the log in \(data) is the backup's, position \(report.position)")
                }
                try Output.print(report, formats.chosen) {
                    [
                        [
                            """
                            \(confirmation.dryRun ? "would restore" : "restored") position \(report.position), \
                            root \(report.root)
                            """
                        ]
                    ]
                }
            }
        }
    }
}
