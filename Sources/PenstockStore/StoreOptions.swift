/// What a store may take of its disk, and where its archive is.
package struct StoreOptions: Sendable {
    /// The size at which the log file counts as full, in bytes; nil for the file system's own end.
    package var maximumLogBytes: Int?
    /// The size that decisions may reach, in bytes; nil for as much as the file system has.
    package var maximumDecisionBytes: Int?
    /// Where old decisions go; nil for `archive` in the data folder.
    package var archiveFolder: String?
    /// Keeps room for restrictions; decisions leave some of the file system free.
    package var reservesRoom: Bool

    package init(
        maximumLogBytes: Int? = nil, maximumDecisionBytes: Int? = nil, archiveFolder: String? = nil,
        reservesRoom: Bool = false
    ) {
        self.archiveFolder = archiveFolder
        self.maximumLogBytes = maximumLogBytes
        self.maximumDecisionBytes = maximumDecisionBytes
        self.reservesRoom = reservesRoom
    }
}

/// How much there is on the store's disk, and how much of it the store has.
package struct StoreDisk: Sendable {
    package var freeBytes: Int
    package var reserveBytes: Int
    /// Why nothing could be allocated ahead.
    package var unreservable: String?
    /// Decisions are not taken up, for want of room.
    package var decisionsWait: Bool
    /// Of the log, and of the decisions, as far as their pages go.
    package var logBytes = 0
    package var decisionBytes = 0
}
