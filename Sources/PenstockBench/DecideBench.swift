internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEnforcer
internal import PenstockSystem
internal import PenstockTransport
internal import Synchronization

/// `bench decide`: the full decision in process, from the credential's bytes to the recorded answer.
package struct DecideBench {
    package var grants = 100_000
    package var decisions = 1_000_000
    /// Each makes a cell.
    package var threads = [1, 2]
    package var shards: Int?

    package init(grants: Int, decisions: Int, threads: [Int] = [1, 2], shards: Int? = nil) {
        self.grants = grants
        self.decisions = decisions
        self.threads = threads
        self.shards = shards
    }

    package func run(in folder: String) throws -> [BenchResult] {
        let host = try OfflineEnforcer(folder, shards: shards)
        let credentials = try load(host)
        defer { host.stop() }
        let enforcer = host.enforcer
        _ = Self.loop(enforcer, credentials, count: decisions / 4, seed: 7, timed: false)
        return try threads.map { threads in
            var result = try measure(enforcer, credentials, threads: threads)
            if threads > 1 { result.extra["per_second_apart"] = try apart(threads, in: folder) }
            return result
        }
    }

    private func apart(_ threads: Int, in folder: String) throws -> Double {
        try OfflineEnforcer.separateRate(threads, shards: shards, calls: decisions, in: folder, load: load) {
            _ = Self.loop($0, $1, count: $2, seed: UInt64($3), timed: false)
        }
    }

    private func measure(_ enforcer: Enforcer, _ credentials: Credentials, threads: Int) throws -> BenchResult {
        let allocationsBefore = Allocations.count
        let started = Clocks.now()
        let plain = try Parallel.run(threads) {
            Self.loop(enforcer, credentials, count: decisions / threads, seed: UInt64($0), timed: false)
        }
        let elapsed = Clocks.now() - started
        let allocations = Allocations.count.map { after in Double(after - (allocationsBefore ?? 0)) / Double(decisions)
        }
        let timed = try Parallel.run(threads) {
            Self.loop(enforcer, credentials, count: decisions / threads, seed: UInt64($0 + 100), timed: true)
        }
        let floor = Parallel.clockFloor()
        var extra = ["denied": Double(plain.reduce(0) { $0 + $1.denied } + timed.reduce(0) { $0 + $1.denied })]
        if let allocations { extra["allocations_per_decision"] = allocations }
        let rate = Double(decisions) / (Double(elapsed) / 1e9)
        extra["per_second_per_thread"] = rate / Double(threads)
        return BenchResult(
            "decide",
            settings: ["grants": "\(grants)", "threads": "\(threads)", "shards": "\(enforcer.shards.count)"],
            samples: timed.flatMap(\.samples), perSecond: rate,
            floor: .init(name: "two clock reads", p50Ns: floor), extra: extra)
    }

    struct Outcome: Sendable {
        var samples: [Int64] = []
        var denied = 0
    }

    /// Credentials one behind the other.
    final class Credentials: Sendable {
        let bytes: [UInt8]
        let count: Int
        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            count = bytes.count / Credential.byteCount
        }
    }

    private static let presentedAtATime = 64

    static func loop(_ enforcer: Enforcer, _ credentials: Credentials, count: Int, seed: UInt64, timed: Bool)
        -> Outcome
    {
        var outcome = Outcome()
        if timed { outcome.samples.reserveCapacity(count) }
        var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var call = Call(
            Presented(.zero), action: "tools/call", resourceType: "tool", resourceID: "git_log",
            amounts: CallAmounts([Amount("calls", 1)])!)
        // In use a credential has just been read from a request: some at a time are presented, outside of the time of
        // each.
        let presented = UnsafeMutableRawBufferPointer.allocate(
            byteCount: presentedAtATime * Credential.byteCount, alignment: 8)
        defer { presented.deallocate() }
        var left = count
        while left > 0 {
            let next = min(left, presentedAtATime)
            credentials.bytes.withUnsafeBytes { bytes in
                for place in 0..<next {
                    random ^= random << 13
                    random ^= random >> 7
                    random ^= random << 17
                    let start = Int(random % UInt64(credentials.count)) * Credential.byteCount
                    let credential = UnsafeRawBufferPointer(rebasing: bytes[start..<start + Credential.byteCount])
                    UnsafeMutableRawBufferPointer(rebasing: presented[(place * Credential.byteCount)...]).copyMemory(
                        from: credential)
                }
            }
            for place in 0..<next {
                let credential = UnsafeRawBufferPointer(
                    rebasing: presented[place * Credential.byteCount..<(place + 1) * Credential.byteCount])
                let before = timed ? Clocks.now() : 0
                if !enforcer.decide(credential: credential, &call).isAllow { outcome.denied += 1 }
                if timed { outcome.samples.append(Clocks.now() - before) }
            }
            left -= next
        }
        return outcome
    }

    func load(_ host: OfflineEnforcer) throws -> Credentials {
        var log = try OfflineLog(grants: grants)
        var bytes: [UInt8] = []
        for number in 0..<grants {
            let credential = Credential.generate()
            bytes += Array(credential.reveal.utf8)
            try log.append(
                .grantIssued(BenchGrant.make(number, credential: credential.digest, expiresAt: log.wall + 3_600_000)))
        }
        // A standing revoke elsewhere, so that checking has something to find.
        try log.append(.restricted(Restriction(level: .revoke, selector: .agent("nobody"), reason: "", expiresAt: 0)))
        try host.start(log.view)
        for number in 0..<grants {
            host.enforcer.fund(grant: number, unit: "calls", amount: 1 << 40, slice: Position(1_000_000 + number))
        }
        return Credentials(bytes)
    }
}
