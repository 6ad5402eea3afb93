internal import Foundation
package import PenstockCore

/// A folder of identities, as `--dir` names it: one sub-folder each.
package struct MeshFolder: Sendable {
    package var path: String

    package init(_ path: String) { self.path = path }

    package func folder(_ name: String) -> String { path + "/" + name }

    package func names() -> [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return entries.filter { FileManager.default.fileExists(atPath: "\(path)/\($0)/member.json") }.sorted()
    }

    /// The identity named, or the first one whose role fits.
    package func identity(as name: String?, roles: [Role]) throws(NodeError) -> Identity {
        if let name { return try Identity.load(folder(name)) }
        var found: [String: Role] = [:]
        for name in names() {
            guard let data = FileManager.default.contents(atPath: folder(name) + "/member.json"),
                let member = try? StrictJSON.decode(MemberFile.self, from: data, name)
            else { continue }
            found[name] = member.role
        }
        for role in roles {
            if let name = found.filter({ $0.value == role }).keys.sorted().first {
                return try Identity.load(folder(name))
            }
        }
        let wanted = roles.map(\.name).joined(separator: " or ")
        throw NodeError(
            .identity,
            """
            no \(wanted) identity in \(path); name the mesh's folder with --dir or PENSTOCK_DIR, or make one with \
            'penstock init'
            """
        )
    }
}
