internal import Glibc
internal import PenstockCore
internal import PenstockSystem
internal import Testing

@Suite struct ChildProcessTests {
    private func shell(_ script: String, output: ChildProcess.Stream = .null) throws -> ChildProcess {
        try ChildProcess.spawn(["sh", "-c", script], input: .null, output: output)
    }

    /// All that comes until the last writer is gone.
    private func read(_ descriptor: Int32) -> [UInt8] {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
        return text
    }

    @Test(arguments: [("exit 0", Int32(0)), ("exit 7", 7), ("kill -TERM $$", 143)])
    func waitTellsHowItEnded(script: String, status: Int32) throws {
        #expect(try shell(script).wait() == status)
    }

    @Test func waitIsOverWithTheProcess() throws {
        let clock = ContinuousClock()
        let fastest = try (0..<20).map { _ in try clock.measure { try shell("exit 0").wait() } }.min()
        // Whoever polls every 50 ms takes as long as that at least.
        #expect(try #require(fastest) < .milliseconds(40))
    }

    @Test func pipesCarryItsInputAndItsOutput() throws {
        let child = try ChildProcess.spawn(["cat"])
        #expect(write(child.input, "abc", 3) == 3)
        close(child.input)
        #expect(read(child.output) == Array("abc".utf8))
        close(child.output)
        #expect(child.wait() == 0)
    }

    @Test func whatItLeavesOfItsGroupEndsToo() throws {
        let child = try shell("sleep 1000 & exit 3", output: .pipe)
        #expect(child.wait() == 3)
        // The sleeper had the pipe as well.
        #expect(read(child.output).isEmpty)
        close(child.output)
    }

    @Test func environmentIsOursOrTheGivenOne() throws {
        setenv("PENSTOCK_CHILD", "inherited", 1)
        let inherits = try shell("printf %s \"$PENSTOCK_CHILD\"", output: .pipe)
        #expect(read(inherits.output) == Array("inherited".utf8))
        let given = try ChildProcess.spawn(
            ["/bin/sh", "-c", "printf %s \"$PENSTOCK_CHILD\""], environment: ["PENSTOCK_CHILD": "given"], input: .null)
        #expect(read(given.output) == Array("given".utf8))
        for child in [inherits, given] {
            close(child.output)
            #expect(child.wait() == 0)
        }
    }

    @Test func whatCannotStartSaysSo() {
        #expect(throws: SpawnError.noCommand) { try ChildProcess.spawn([]) }
        #expect(throws: SpawnError.cannotStart("/nowhere/program", ENOENT)) {
            try ChildProcess.spawn(["/nowhere/program"])
        }
        let errors: [SpawnError] = [.noCommand, .noPipe(EMFILE), .cannotStart("x", ENOENT)]
        #expect(errors.map(\.codeName) == ["no_command", "no_pipe", "cannot_start"])
        #expect(errors.map(\.message)[2] == "cannot start x: No such file or directory")
    }
}
