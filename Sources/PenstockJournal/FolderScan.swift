internal import Glibc

/// All segments of a folder, read and checked against each other. Holds their open files, for a journal to map.
struct FolderScan: ~Copyable {
    /// In use once, in order.
    private(set) var segments: [(path: String, descriptor: CInt, found: FoundSegment)] = []
    /// Files to be deleted, last first: never in use, or half made.
    private(set) var unused: [String] = []

    /// - Parameters:
    ///   - mark: how far the last process says that it has written.
    ///   - holds: whether this process is to have the files for itself.
    init(directory: String, bootID: [UInt8], mark: HighWaterMark.Reading?, holds: Bool = true) throws(JournalError) {
        guard access(directory, F_OK) == 0 else { return }
        let folder = try FileSystem.folder(directory)
        let (indices, leftovers) = try FileSystem.list(directory)
        unused = leftovers.map { "\(directory)/\($0)" }
        for (number, index) in indices.enumerated() {
            let path = "\(directory)/\(FileSystem.name(index))\(FileSystem.suffix)"
            if number > 0, index != indices[number - 1] + 1 {
                throw .corrupt(path: path, offset: 16, what: "segment \(indices[number - 1] + 1) before it is missing")
            }
            let descriptor = open(path, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { throw .system("open", path) }
            do throws(JournalError) {
                if holds { try FileSystem.lock(descriptor, path) }
                let found = try SegmentScan.read(descriptor, path: path, index: index, bootID: bootID, folder: folder)
                segments.append((path, descriptor, found))
            } catch {
                close(descriptor)
                throw error
            }
        }
        dropUnused()
        try checkSequence()
        holdAgainst(mark, bootID)
        proveIncarnationsWhole()
    }

    deinit {
        for segment in segments { close(segment.descriptor) }
    }

    /// Hands over the open files.
    mutating func take() -> [(path: String, descriptor: CInt, found: FoundSegment)] {
        defer { segments = [] }
        return segments
    }

    /// Segments at the end that were prepared and not used. Where power loss took the mark of one that was, its
    /// incarnation is unproven anyway.
    private mutating func dropUnused() {
        while let last = segments.last, last.found.firstSequence == nil {
            unused.append(last.path)
            close(last.descriptor)
            segments.removeLast()
        }
    }

    private mutating func checkSequence() throws(JournalError) {
        for number in segments.indices.dropFirst() {
            let found = segments[number].found
            // Writers that were killed had the last numbers of the segment before.
            if found.firstSequence == segments[number - 1].found.nextBehindBegun {
                segments[number - 1].found.takeBegun()
            }
            let before = segments[number - 1].found
            let next = before.lastSequence + 1
            guard let first = found.firstSequence else {
                if found.isWhole {
                    throw .corrupt(
                        path: segments[number].path, offset: 136, what: "unused, but later segments are in use")
                }
                segments[number].found.firstSequence = next
                segments[number].found.lastSequence = next - 1
                continue
            }
            // Power loss may have taken the end of the segment before; nothing may have put anything twice.
            guard first == next || (first > next && !before.isWhole) else {
                throw .corrupt(
                    path: segments[number].path, offset: 136, what: "begins with record \(first) where \(next) is due")
            }
        }
        // The first one left may have lost its mark as well.
        if let first = segments.first?.found, first.firstSequence == nil {
            segments[0].found.firstSequence = 1
        }
    }

    /// What was not sealed is the newest incarnation's, and ends where its mark says, or further: or it is an older journal.
    private mutating func holdAgainst(_ mark: HighWaterMark.Reading?, _ bootID: [UInt8]) {
        guard let newest = segments.last?.found else { return }
        let reachesMark = mark.map {
            $0.bootID == bootID && $0.incarnation == newest.header.incarnation && newest.lastSequence + 1 >= $0.next
        }
        for number in segments.indices where !segments[number].found.isSealed {
            let isNewest = segments[number].found.header.incarnation == newest.header.incarnation
            if !isNewest || reachesMark != true { segments[number].found.proven = false }
        }
    }

    /// One segment of an incarnation that proves nothing leaves nothing proven: what is missing may be in that one.
    private mutating func proveIncarnationsWhole() {
        let doubtful = Set(segments.lazy.filter { !$0.found.proven }.map(\.found.header.incarnation))
        for number in segments.indices where doubtful.contains(segments[number].found.header.incarnation) {
            segments[number].found.proven = false
        }
    }

    var recovery: JournalRecovery {
        JournalRecovery(
            previous: segments.map(\.found).map {
                SegmentSummary(
                    index: $0.header.index, incarnation: $0.header.incarnation, proven: $0.proven,
                    firstSequence: $0.firstSequence ?? 1, lastSequence: $0.lastSequence)
            },
            nextSequence: (segments.last?.found.lastSequence ?? 0) + 1,
            nextIndex: (segments.last?.found.header.index ?? 0) + 1)
    }
}
