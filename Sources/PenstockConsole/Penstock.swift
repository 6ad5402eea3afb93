package import ArgumentParser
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
            4 not found; 5 PARTIAL; 64 usage.
            """,
        version: PenstockVersion.current,
        subcommands: [
            Init.self, Up.self, LedgerCommand.self, EnforcerCommand.self, NodeCommand.self, GrantCommand.self, Revoke.self, Suspend.self,
            Throttle.self, Reinstate.self, RevocationCommand.self, Check.self, BudgetCommand.self, Watch.self, Audit.self,
            LogCommand.self, ReceiptCommand.self, MCP.self, BenchCommand.self, Status.self,
        ])

    package init() {}
}
