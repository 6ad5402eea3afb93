internal import Foundation

/// Paths as they are written: what `..` leads to is the kernel's to say, since a folder may be a link.
package enum Paths {
    /// - Parameter folder: what a relative path is meant from; nil for the working directory.
    package static func absolute(_ path: String, from folder: String? = nil) -> String {
        if path.hasPrefix("/") { return path }
        let place = folder.map { absolute($0) } ?? FileManager.default.currentDirectoryPath
        let rest = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        return rest.isEmpty || rest == "." ? place : place + (place.hasSuffix("/") ? "" : "/") + rest
    }

    /// The folder that a file is in, by its absolute path.
    package static func folder(of path: String) -> String {
        var parts = absolute(path).split(separator: "/", omittingEmptySubsequences: true)
        if !parts.isEmpty { parts.removeLast() }
        return "/" + parts.joined(separator: "/")
    }
}
