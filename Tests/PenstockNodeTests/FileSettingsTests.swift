import Foundation
import PenstockCore
import PenstockNode
import PenstockTestSupport
import Testing

@Suite struct FileSettingsTests {
    private static let keys = ["data_folder", "patience_ms", "audiences", "host_names"]

    private func settings(_ yaml: String) throws -> FileSettings {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(yaml.utf8).write(to: URL(fileURLWithPath: folder + "/node.yaml"))
        return try FileSettings(folder + "/node.yaml", keys: Self.keys)
    }

    private func problem(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? NodeError).flatMap { $0.code == .configuration ? $0.message : nil } ?? "\(error)"
        }
    }

    @Test func everyKindOfSettingIsRead() throws {
        let settings = try settings(
            """
            data_folder: ./data
            patience_ms: 250
            audiences: [billing, "payments"]
            host_names: penstock.example, 10.0.0.1
            """)
        #expect(try settings.path("data_folder") == settings.folder + "/data")
        #expect(try settings.integer("patience_ms", default: 1, in: 0...1_000) == 250)
        #expect(settings.list("audiences") == ["billing", "payments"])
        #expect(try settings.hosts("host_names").count == 2)
        #expect(settings.absolute("door.sock", of: "data_folder") == settings.folder + "/door.sock")
    }

    @Test(arguments: ["", "# data_folder: x\n", "data_folder: \"\"\n"]) func absentSettingHasItsDefault(yaml: String)
        throws
    {
        let settings = try settings(yaml)
        #expect(settings.optionalText("data_folder") == nil && settings.optionalPath("data_folder") == nil)
        #expect(try settings.integer("patience_ms", default: 7, in: 0...9) == 7)
        #expect(settings.list("audiences") == [])
        #expect(problem { _ = try settings.text("data_folder") }?.contains("PENSTOCK_DATA_FOLDER") == true)
    }

    /// Each names the line; a name that comes twice, that of the first.
    @Test(arguments: [
        ("data_folder: a\ndata_folder: b", "comes twice"),
        ("patience_ms: 1\ndata_fodler: x", "no setting 'data_fodler'"),
        ("patience_ms: 1\ndata_folder:", "has no value"), ("patience_ms: 1\ndata_folder: {a: b}", "a text or a number"),
        ("patience_ms: 1\naudiences: [a, [b]]", "must be a list of texts"), ("patience_ms: 1\n: :", "no YAML"),
    ]) func slipOfThePenIsRefused(yaml: String, what: String) {
        let message = problem { _ = try settings(yaml) }
        #expect(
            message?.contains(what) == true && message?.contains(what == "comes twice" ? "line 1" : "line 2") == true,
            "\(message ?? "read")")
    }

    @Test(arguments: ["-1", "1001", "1.5", "0x10", "many"]) func numberOutOfItsRangeIsRefused(text: String) throws {
        let settings = try settings("patience_ms: \(text)")
        let message = problem { _ = try settings.integer("patience_ms", default: 1, in: 0...1_000) }
        #expect(message?.contains("from 0 to 1000, not '\(text)'") == true)
    }

    @Test func whatIsNoHostIsRefused() throws {
        let settings = try settings("host_names: [good.example, 'not a host']")
        #expect(problem { _ = try settings.hosts("host_names") }?.contains("'not a host'") == true)
    }

    @Test func missingFileIsNamed() {
        #expect(problem { _ = try FileSettings("/nowhere/node.yaml") }?.contains("/nowhere/node.yaml") == true)
    }
}
