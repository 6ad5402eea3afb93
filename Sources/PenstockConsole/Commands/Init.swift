internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEvidence
internal import PenstockLedger
internal import PenstockNode
internal import PenstockTransport

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a mesh: ledger, operator and issuer identities, configurations and the receipt policy.",
        discussion: """
            Keys are made in DIR/NAME/ with mode 0600. The genesis event names all three.

            --host is \(HostAddress.forms), of this machine. It stands in every identity and join token as the place \
            to connect to.
            Where others connect to another, such as a name, or because --host is 0.0.0.0 or [::], name that with \
            --advertise.
            """)

    @OptionGroup var mesh: MeshOptions
    @Option(name: .customLong("mesh"), help: "Name of the mesh: 1 to 64 of a-z 0-9 . - _") var name = "penstock"
    @Option(help: "Address that the ledger listens on.") var host = "127.0.0.1"
    @Option(help: "Address that others connect to, where that is another one.") var advertise: String?
    @Option(help: "First of four consecutive TCP ports that the ledger listens on.") var port = 7810
    @Option(help: "How long an enforcer may trust its view.") var maxStaleness = DurationText(argument: "1s")!
    @Option(help: "Longest grace past the lease that a grant may ask for.") var maxGrace = DurationText(argument: "0s")!

    func run() throws {
        try Failure.run(mesh.output) {
            let folder = try mesh.folder.path
            try Founding(
                dir: folder, mesh: name, place: LedgerPlace(host: host, advertise: advertise, port: port),
                maxStalenessMS: maxStaleness.milliseconds,
                maxGraceMS: maxGrace.milliseconds
            ).make()
            Changes.add("mesh '\(name)' is made in \(folder)")
            struct Row: Encodable {
                var mesh: String
                var dir: String
                var identities: [String]
            }
            if mesh.output == .table {
                Output.message("made mesh '\(name)' in \(folder); start it with: penstock up --dir \(folder)")
            } else {
                try Output.print(Row(mesh: name, dir: folder, identities: MeshFolder(folder).names()), mesh.output) {
                    []
                }
            }
        }
    }
}

/// Makes what a new mesh needs on disk.
struct Founding {
    var dir: String
    var mesh: String
    var place: LedgerPlace
    var maxStalenessMS: Int64
    var maxGraceMS: Int64

    private static let files = ["ledger.yaml", "enforcer.yaml", "mcp.yaml", "policy"]
    /// The ledger's comes last: with it there is a mesh.
    private static let folders = ["operator", "issuer", "ledger"]

    /// All of it, or, where it ends before, nothing.
    func make() throws {
        guard MemberName.isValid(mesh) else { throw NodeError(.configuration, "a mesh's name is \(MemberName.form)") }
        let settings = Settings(
            maxStalenessMS: UInt32(clamping: maxStalenessMS), maxGraceMS: UInt32(clamping: maxGraceMS),
            clockRatePPM: Settings.standard.clockRatePPM, marginMS: Settings.standard.marginMS)
        if let problem = settings.problem { throw NodeError(.configuration, problem) }
        let isNew = !FileManager.default.fileExists(atPath: dir)
        try PrivateFile.makeFolder(dir)
        do {
            try FolderLock.hold(dir) {
                try checkFree()
                try make(settings)
            }
        } catch {
            // Only where nothing is in it.
            if isNew { rmdir(dir) }
            throw error
        }
    }

    private func checkFree() throws(NodeError) {
        let folder = MeshFolder(dir)
        guard folder.names().isEmpty else {
            throw NodeError(.configuration, "\(dir) holds a mesh already: \(folder.names().joined(separator: ", "))")
        }
        for name in Self.files + Self.folders where FileManager.default.fileExists(atPath: folder.folder(name)) {
            throw NodeError(
                .configuration, "\(folder.folder(name)) exists, and a new mesh would overwrite it; name another folder")
        }
    }

    /// All is made in a folder beside, and moved once it is whole: what is ended in between leaves no half of a mesh,
    /// and the next one begins anew.
    private func make(_ settings: Settings) throws {
        let (folder, beside) = (MeshFolder(dir), MeshFolder(dir + "/.new-mesh"))
        try? FileManager.default.removeItem(atPath: beside.path)
        try PrivateFile.makeFolder(beside.path)
        var moved: [String] = []
        do {
            try make(in: beside, settings)
            for name in Self.files + Self.folders {
                guard rename(beside.folder(name), folder.folder(name)) == 0 else {
                    throw NodeError(
                        .configuration, "cannot make \(folder.folder(name)): \(String(cString: strerror(errno)))")
                }
                moved.append(name)
            }
            rmdir(beside.path)
        } catch {
            for place in [beside.path] + moved.map(folder.folder) { try? FileManager.default.removeItem(atPath: place) }
            throw error
        }
    }

    private func make(in folder: MeshFolder, _ settings: Settings) throws {
        func identity(_ name: String, _ role: Role, _ ledger: LedgerAddress) throws(NodeError) -> Identity {
            try Identity.makeKeys(
                in: folder.folder(name), MemberFile(mesh: mesh, name: name, role: role, ledger: ledger)
            ).identity
        }
        var ledger = try identity("ledger", .ledger, place.address)
        ledger.member.listen = place.listen
        ledger.member.ledger.channelKey = ledger.channel.publicText
        ledger.member.ledger.signingKey = Hex.encode(ledger.signing.publicKey.bytes)
        try ledger.saveMember()
        let others = try [
            identity("operator", .operator, ledger.member.ledger), identity("issuer", .issuer, ledger.member.ledger),
        ]
        try others.forEach { try $0.saveMember() }
        try LedgerNode.found(
            dataFolder: folder.folder("ledger") + "/data", ledger: ledger, members: [ledger.keys] + others.map(\.keys),
            settings: settings)
        for (name, text) in zip(
            Self.files, [Self.ledgerConfiguration, Self.enforcerConfiguration, Self.mcpConfiguration])
        {
            try write(folder.folder(name), text)
        }
        try PolicyFile(folder).make(mesh: mesh, ledger: ledger)
    }

    private func write(_ path: String, _ text: String) throws {
        try OutputFile.write(text, to: path)
    }
}
