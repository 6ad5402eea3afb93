package import ArgumentParser
internal import Dispatch
internal import Foundation
internal import PenstockNode

/// The command line.
package struct Penstock: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "penstock",
        abstract: "Grants, spend meter and kill switch for AI agents.",
        discussion: """
            Start with a mesh on this machine:
              penstock init --dir mesh && penstock up --dir mesh
            then, in another terminal:
              penstock grant issue --dir mesh --agent builder --allow tools/call --resource 'tool:*' --ttl 15m
              penstock revoke --dir mesh --agent builder

            Exit status: 0 done, allowed or CLOSED; 1 local error; 2 refused or failed at a node; 3 denied;
            4 not found; 5 PARTIAL; 6 LIFTED; 64 usage; 141 nobody reads the output any more.

            PENSTOCK_DIR, PENSTOCK_AS, PENSTOCK_OUTPUT, PENSTOCK_ENFORCER and PENSTOCK_CREDENTIAL_FILE stand in for \
            flags.
            'penstock --generate-completion-script bash' (or zsh, fish) prints completions for a shell.
            """,
        version: "\(PenstockVersion.current) (\(PenstockVersion.commit))",
        subcommands: [
            Init.self, Up.self, LedgerCommand.self, EnforcerCommand.self, NodeCommand.self, GrantCommand.self,
            Revoke.self, Suspend.self,
            Throttle.self, Reinstate.self, RevocationCommand.self, Check.self, BudgetCommand.self, RateCommand.self,
            Watch.self, Audit.self,
            LogCommand.self, ReceiptCommand.self, MCP.self, BenchCommand.self, Simulate.self, Status.self,
            TimeCommand.self,
        ])

    package init() {}
}

extension Penstock {
    /// Runs the command that the arguments name, and ends the process.
    ///
    /// - Parameter commit: that the program was built from.
    package static func start(commit: String) -> Never {
        PenstockVersion.setCommit(commit)
        // Before there is a task: the first one opens descriptors, and would take those that are missing.
        StandardStreams.prepare()
        Task { @MainActor in
            await perform()
            Foundation.exit(0)
        }
        dispatchMain()
    }

    /// Ends the process when it fails.
    private static func perform() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        var command: (any ParsableCommand)?
        do {
            command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command!.run()
            }
        } catch {
            end(error, command.map { type(of: $0) }, arguments)
        }
    }

    /// - Parameter command: the one that was running, whose usage then is the one to show.
    private static func end(_ error: any Error, _ command: (any ParsableCommand.Type)?, _ arguments: [String]) -> Never
    {
        guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
        let told = Forms.completed(message(for: error))
        if asksForJSON(arguments) {
            Failure.json("usage", told)
        } else if told != message(for: error) {
            Output.message(fullMessage(for: error).replacingOccurrences(of: message(for: error), with: told))
        } else if let command, error is ValidationError {
            let usage = usageString(for: command)
            let path = usage.split(separator: " ").prefix { !"[<-(.".contains($0.first!) }.joined(separator: " ")
            Output.message(
                "Error: \(message(for: error))\nUsage: \(usage)\n  See '\(path) --help' for more information.")
        } else {
            exit(withError: error)
        }
        Foundation.exit(Exit.usage.rawValue)
    }

    /// Whether the arguments, which could not be read as a whole, ask for JSON; the last one that says so counts.
    private static func asksForJSON(_ arguments: [String]) -> Bool {
        var format = Surroundings.text("PENSTOCK_OUTPUT")
        let options = arguments.prefix { $0 != "--" }
        for (argument, next) in zip(options, options.dropFirst().map(Optional.some) + [nil]) {
            switch argument {
            case "-o", "--output": format = next ?? format
            case _ where argument.hasPrefix("--output="): format = String(argument.dropFirst(9))
            case _ where argument.hasPrefix("-o") && argument.count > 2:
                format = String(argument.dropFirst(2).drop { $0 == "=" })
            default: break
            }
        }
        return format == "json" || format == "jsonl"
    }
}
