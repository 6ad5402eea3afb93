internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import Testing

/// Holds our proofs against a verifier that shares no code with them: `verify_proof.py` beside this file.
@Suite(.enabled(if: IndependentVerifier.isAvailable, "needs python3 with the package cryptography"))
struct IndependentVerifierTests {
    @Test func acceptsOurProofs() throws {
        for (count, index) in [(1, 0), (2, 1), (7, 6), (11, 5)] {
            let fixture = try ProofFixture(entries: count, index: index, extra: index == 6 ? [1, 2, 3] : nil)
            let result = try IndependentVerifier.run(fixture.policy.text, fixture.proof.text, fixture.entries[index])
            #expect(result.status == 0)
            #expect(result.report["ok"] as? Bool == true)
            #expect(result.report["origin"] as? String == ProofFixture.origin)
            #expect(result.report["index"] as? Int == index)
            #expect(result.report["size"] as? Int == count)
            #expect(result.report["root"] as? String == fixture.tree.root.hex)
            let cosigners = try #require(result.report["cosigners"] as? [[String: Any]])
            #expect(cosigners.compactMap { $0["name"] as? String } == ["node-0", "node-1"])
            #expect(cosigners.compactMap { $0["time"] as? UInt64 } == ProofFixture.unixSeconds)
        }
    }

    @Test func refusesWhatWeRefuse() throws {
        let fixture = try ProofFixture()
        let text = fixture.proof.text
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let withoutLastCosignature = lines.dropLast(2).joined(separator: "\n") + "\n"
        let otherIndex = text.replacingOccurrences(of: "index 5", with: "index 4")
        let otherSize = text.replacingOccurrences(of: "\n11\n", with: "\n12\n")
        let stranger = try Policy(logs: [
            .init(key: CheckpointSigner(name: ProofFixture.origin, key: .generate()).noteKey)
        ])
        for (policy, proof, entry, error) in [
            (fixture.policy.text, text, 6, "entry not included"),
            (fixture.policy.text, otherIndex, 5, "entry not included"),
            (fixture.policy.text, otherSize, 5, "bad signature by mesh.example/log"),
            (fixture.policy.text, withoutLastCosignature, 5, "quorum not met"),
            (stranger.text, text, 5, "no known log signed"),
            ("", text, 5, "policy: no quorum"),
        ] {
            let result = try IndependentVerifier.run(policy, proof, fixture.entries[entry])
            #expect(result.status == 1)
            #expect(result.report["error"] as? String == error)
        }
    }
}

private enum IndependentVerifier {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("verify_proof.py").path

    static let isAvailable: Bool = (try? python(["-c", "import cryptography"]).status == 0) ?? false

    static func run(
        _ policy: String, _ proof: String, _ entry: [UInt8]
    ) throws -> (status: Int32, report: [String: Any]) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("penstock-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var paths: [String] = []
        for (name, bytes) in [("policy", Array(policy.utf8)), ("x.tlog-proof", Array(proof.utf8)), ("entry", entry)] {
            let file = folder.appendingPathComponent(name)
            try Data(bytes).write(to: file)
            paths.append(file.path)
        }
        let (status, output) = try python([script] + paths)
        let report = try JSONSerialization.jsonObject(with: output)
        return (status, report as? [String: Any] ?? [:])
    }

    private static func python(_ arguments: [String]) throws -> (status: Int32, output: Data) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }
}
