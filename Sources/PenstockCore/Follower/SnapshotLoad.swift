/// A part of a snapshot; the first one says what the whole is.
package struct SnapshotChunk: Sendable {
    package var position: Position
    package var epoch: UInt64
    package var digest: Digest
    package var signature: [UInt8]
    /// Of the tree over the log, at the snapshot's position.
    package var frontier: [Digest]
    package var head: Position
    package var byteCount: Int
    package var offset: Int
    package var bytes: [UInt8]

    package init(
        position: Position, epoch: UInt64, digest: Digest, signature: [UInt8], frontier: [Digest], head: Position,
        byteCount: Int, offset: Int, bytes: [UInt8]
    ) {
        self.position = position
        self.epoch = epoch
        self.digest = digest
        self.signature = signature
        self.frontier = frontier
        self.head = head
        self.byteCount = byteCount
        self.offset = offset
        self.bytes = bytes
    }
}

/// A snapshot that comes in chunks, in any order.
package struct SnapshotLoad: Sendable {
    package let position: Position
    package let epoch: UInt64
    package let digest: Digest
    package let signature: [UInt8]
    package let frontier: [Digest]
    package let head: Position
    package private(set) var bytes: [UInt8]
    private var received = 0
    /// Bytes before this were asked for.
    private var requested: Int

    /// - Parameter first: of offset 0.
    init(_ first: SnapshotChunk) {
        position = first.position
        epoch = first.epoch
        digest = first.digest
        signature = first.signature
        frontier = first.frontier
        head = first.head
        bytes = [UInt8](repeating: 0, count: first.byteCount)
        requested = first.bytes.count
    }

    var isComplete: Bool { received == bytes.count }

    mutating func add(_ chunk: SnapshotChunk) {
        guard chunk.position == position, chunk.offset + chunk.bytes.count <= bytes.count else { return }
        bytes.replaceSubrange(chunk.offset..<chunk.offset + chunk.bytes.count, with: chunk.bytes)
        received += chunk.bytes.count
    }

    /// Where the next chunk to ask for begins; nil past the last.
    mutating func nextOffset() -> Int? {
        guard requested < bytes.count else { return nil }
        defer { requested = min(requested + Limits.pageBytes, bytes.count) }
        return requested
    }
}
