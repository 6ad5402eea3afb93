internal import Glibc

/// What a path leads to, through links.
package enum FileKind: Sendable {
    case absent
    case regular
    case folder
    /// A terminal, a pipe, a socket, /dev/null.
    case device

    package init(at path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            self = .absent
            return
        }
        self =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            default: .device
            }
    }
}
