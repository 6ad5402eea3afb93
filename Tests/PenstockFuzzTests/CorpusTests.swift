import Foundation
import PenstockFuzz
import PenstockSystem
import Testing

/// Every input that was kept, through the decoders as they are built for use: past crashes stay mended.
@Suite(.serialized) struct CorpusTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzz/Corpus")

    private func inputs(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = Self.folder.appending(path: target.rawValue)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            ($0, [UInt8](try Data(contentsOf: folder.appending(path: $0))))
        }
    }

    /// A target may wait for a task. It must not hold one of the pool's few threads meanwhile, or the task could wait
    /// for it.
    private func run(_ target: FuzzTarget, _ bytes: [UInt8]) async -> Result<Bool, any Error> {
        await withCheckedContinuation { continuation in
            do {
                try SystemThread(name: "fuzz") { continuation.resume(returning: Result { try target.run(bytes) }) }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }

    @Test(arguments: FuzzTarget.allCases) func lawsHoldForEveryInputThatWasKept(target: FuzzTarget) async throws {
        for (name, bytes) in try inputs(target) {
            do {
                let taken = try await run(target, bytes).get()
                // A seed that is refused at once would not lead a search into the decoder.
                if name.hasPrefix("ok-") { #expect(taken, "\(target.rawValue)/\(name) is refused") }
                if name.hasPrefix("bad-") { #expect(!taken, "\(target.rawValue)/\(name) is taken") }
            } catch {
                Issue.record("\(target.rawValue)/\(name): \(error)")
            }
        }
    }

    @Test func aSeedOfAReceiptVerifies() async throws {
        for input in try inputs(.receipt) where input.name.hasPrefix("ok-") {
            _ = try await run(.receipt, input.bytes).get()
        }
        #expect(
            FuzzTarget.hasVerifiedReceipt,
            "the laws of receipts are about none: make ok-closed again from Sample.receipt")
    }

    /// Near misses of what is taken go further into a decoder than random bytes.
    @Test(arguments: FuzzTarget.allCases) func lawsHoldForSpoiltSeeds(target: FuzzTarget) async throws {
        var random = SplitMix(state: 20_261_125)
        for (name, bytes) in try inputs(target) where !bytes.isEmpty {
            for round in 0..<40 {
                var spoilt = bytes
                for _ in 0...Int(random.next() % 3) {
                    let place = Int(random.next() % UInt64(spoilt.count))
                    switch random.next() % 3 {
                    case 0: spoilt[place] = UInt8(truncatingIfNeeded: random.next())
                    case 1: spoilt.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
                    default: if spoilt.count > 1 { spoilt.remove(at: place) }
                    }
                }
                do { _ = try await run(target, spoilt).get() } catch {
                    Issue.record("\(target.rawValue)/\(name), round \(round): \(error)")
                }
            }
        }
    }

    @Test func everyTargetHasASeedAndNothingElseLiesThere() throws {
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
                == FuzzTarget.allCases.map(\.rawValue).sorted())
        for target in FuzzTarget.allCases {
            let inputs = try inputs(target)
            #expect(inputs.contains { $0.name.hasPrefix("ok-") }, "\(target.rawValue) has no seed that is taken")
            for input in inputs {
                #expect(input.bytes.count <= 2048, "\(target.rawValue)/\(input.name) is too large to keep")
            }
        }
    }
}

private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
