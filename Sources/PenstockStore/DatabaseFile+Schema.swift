extension DatabaseFile {
    /// Events carry a checksum; `head` has one row. Evidence lies in the same file so that one backup holds it all.
    /// Tiles are the log's tree, which follows from the events. The bytes of those that are `archived` lie in files of
    /// the archive.
    static let log = DatabaseFile(
        name: "log.sqlite", applicationID: 0x504E_5354,
        steps: [
            """
            CREATE TABLE event (
                position INTEGER PRIMARY KEY,
                id BLOB NOT NULL UNIQUE,
                bytes BLOB NOT NULL,
                checksum INTEGER NOT NULL
            );
            CREATE TABLE head (
                only INTEGER PRIMARY KEY CHECK (only = 1),
                position INTEGER NOT NULL,
                epoch INTEGER NOT NULL
            );
            INSERT INTO head VALUES (1, 0, 0);
            CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL);
            CREATE TABLE cosignature (
                size INTEGER NOT NULL, node TEXT NOT NULL, line TEXT NOT NULL, PRIMARY KEY (size, node)
            ) WITHOUT ROWID;
            CREATE TABLE receipt (position INTEGER PRIMARY KEY, json BLOB NOT NULL);
            """,
            """
            CREATE TABLE tile (
                level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL, checksum INTEGER NOT NULL,
                PRIMARY KEY (level, number)
            );
            """,
            """
            CREATE TABLE archived (position INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, checksum INTEGER NOT NULL);
            """,
        ])

    /// A batch has a `span` of its records' times, and the grants that they name, so that a search reads few others.
    /// One that an earlier version wrote, or that cannot be read, has none: every search reads it. The bytes of one
    /// that is `archived` lie in a file of the archive.
    static let decisions = DatabaseFile(
        name: "decisions.sqlite", applicationID: 0x504E_5344,
        steps: [
            """
            CREATE TABLE batch (
                row INTEGER PRIMARY KEY AUTOINCREMENT,
                node TEXT NOT NULL, incarnation TEXT NOT NULL, first INTEGER NOT NULL,
                count INTEGER NOT NULL, digest BLOB NOT NULL, bytes BLOB NOT NULL,
                UNIQUE (node, incarnation, first)
            );
            """,
            """
            CREATE INDEX batch_of_node ON batch (node);
            CREATE INDEX batch_of_incarnation ON batch (incarnation);
            CREATE TABLE span (batch INTEGER PRIMARY KEY, oldest INTEGER NOT NULL, newest INTEGER NOT NULL);
            CREATE TABLE batch_grant (
                position INTEGER NOT NULL, batch INTEGER NOT NULL, PRIMARY KEY (position, batch)
            ) WITHOUT ROWID;
            """,
            """
            CREATE TABLE archived (
                batch INTEGER PRIMARY KEY, file TEXT NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL
            );
            CREATE INDEX archived_of_file ON archived (file, start);
            """,
        ])
}
