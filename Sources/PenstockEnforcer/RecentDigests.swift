internal import PenstockCore

/// Events whose signature was verified lately: a restriction comes on both lanes.
struct RecentDigests {
    private var digests: Set<Digest> = []

    mutating func insert(_ digest: Digest) {
        if digests.count >= 1024 { digests = [] }
        digests.insert(digest)
    }

    mutating func take(_ digest: Digest) -> Bool { digests.remove(digest) != nil }
}
