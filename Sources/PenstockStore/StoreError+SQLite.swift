internal import GRDB

extension Row {
    /// A value that is not of the type that was stored is an error; GRDB's subscript ends the process.
    func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(_ index: Int) throws -> Value {
        try decode(Value.self, atIndex: index)
    }
}

extension StoreError {
    /// Translates what GRDB or SQLite threw while doing `action` on the file at `path`.
    ///
    /// Result codes: https://www.sqlite.org/rescode.html
    init(_ error: any Error, while action: String, path: String) {
        if let error = error as? StoreError {
            self = error
            return
        }
        if error is RowDecodingError {
            self.init(
                .corrupt,
                """
                \(path): \(action): a row is not what was stored; stop, keep the file for inspection, and restore a \
                backup
                """
            )
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(.io, "\(path): \(action) failed; check the disk and the permissions of this path, then restart")
            return
        }
        func detail(_ what: String) -> String {
            "\(path): \(action): \(what) (code \(error.extendedResultCode.rawValue))"
        }
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(.full, "\(detail("no room left")); free some room on this file system, then try again")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
            self.init(
                .corrupt,
                "\(detail("the file is damaged, or no log")); stop, keep the file for inspection, and restore a backup")
        case .SQLITE_CONSTRAINT:
            self.init(.corrupt, "\(detail("a row is there twice")); rows disagree with the head; restore a backup")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(.locked, "\(detail("it is in use")); another process has the file open; stop it first")
        default:
            self.init(
                .io, "\(detail("the system failed it")); check the disk and the permissions of this path, then restart")
        }
    }
}
