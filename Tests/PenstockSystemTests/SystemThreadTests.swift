internal import Glibc
internal import PenstockCore
internal import PenstockSystem
internal import Synchronization
internal import Testing

@Suite struct SystemThreadTests {
    @Test
    func threadRunsItsBodyUnderItsNameAndIsJoined() throws {
        let seen = Seen()
        let thread = try SystemThread(name: "penstock-a-long-name") { seen.read() }
        thread.join()
        thread.join()
        #expect(seen.name.withLock { $0 } == "penstock-a-long\n")
    }

    private final class Seen: Sendable {
        let name = Mutex("")

        func read() {
            let file = open("/proc/thread-self/comm", O_RDONLY)
            defer { close(file) }
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = Glibc.read(file, &bytes, bytes.count)
            name.withLock { $0 = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) }
        }
    }

    @Test
    func sleepLastsThroughSignals() throws {
        signal(SIGUSR2) { _ in }
        let sleeper = Sleeper()
        let thread = try SystemThread(name: "sleeper") { sleeper.sleep(milliseconds: 200) }
        for _ in 0..<10 {
            SystemThread.sleep(milliseconds: 10)
            // It is joined only below, so its name is still its own.
            if let thread = sleeper.thread.withLock({ $0 }) { pthread_kill(thread, SIGUSR2) }
        }
        thread.join()
        #expect(sleeper.slept.load(ordering: .relaxed) >= 200 * .nanosecondsPerMillisecond)
    }

    private final class Sleeper: Sendable {
        let thread = Mutex<pthread_t?>(nil)
        let slept = Atomic<Nanoseconds>(0)

        func sleep(milliseconds: Int) {
            thread.withLock { $0 = pthread_self() }
            let begun = Clocks.now()
            SystemThread.sleep(milliseconds: milliseconds)
            slept.store(Clocks.now() - begun, ordering: .relaxed)
        }
    }
}
