import Foundation
import PackagePlugin

/// Generates `Commit.swift`, which names the commit that a target is built from.
@main
struct Stamp: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
        let checkout = context.package.directoryURL
        let stamp = context.pluginWorkDirectoryURL.appending(path: "Commit.swift")
        let script = checkout.appending(path: "Sources/StampPlugin/stamp.sh")
        return [
            .buildCommand(
                displayName: "Stamping the commit", executable: URL(filePath: "/bin/sh"),
                arguments: [script.path, checkout.path, stamp.path], inputFiles: Self.watched(in: checkout),
                outputFiles: [stamp])
        ]
    }

    /// What changes when another commit is checked out or made, or when a source no longer is as it was committed.
    private static func watched(in checkout: URL) -> [URL] {
        var git = checkout.appending(path: ".git")
        // A file with the folder's path, in a worktree (gitrepository-layout(5)).
        if let text = try? String(contentsOf: git, encoding: .utf8), text.hasPrefix("gitdir: ") {
            git = URL(filePath: text.dropFirst(8).trimmingCharacters(in: .newlines), relativeTo: checkout)
        }
        let sources = FileManager.default.enumerator(
            at: checkout.appending(path: "Sources"), includingPropertiesForKeys: nil)
        let files = sources?.compactMap { $0 as? URL }.filter { !$0.hasDirectoryPath } ?? []
        let marks = [git.appending(path: "HEAD"), git.appending(path: "logs/HEAD")]
        return [checkout.appending(path: "Package.swift")] + files
            + marks.filter { FileManager.default.fileExists(atPath: $0.path) }
    }
}
