internal import Glibc
internal import PenstockSystem
internal import PenstockTransport
internal import Testing

extension TransportTests {
    @Suite(.serialized)
    struct Waiting {
        @Test
        func signalInterruptsAWaitOnce() throws {
            let (door, wake, poller) = (try Door(.router), try WakeSignal(), Poller())
            let thread = try SystemThread(name: "waker") {
                usleep(50_000)
                wake.signal()
                wake.signal()
            }
            let clock = ContinuousClock()
            let start = clock.now
            let ready = try poller.wait([door.socket], wake: wake, timeoutMilliseconds: 10_000)
            #expect(clock.now - start < .seconds(5))
            #expect(ready.woken)
            #expect(!ready.contains(0))
            thread.join()
            wake.drain()
            #expect(try poller.wait([door.socket], wake: wake, timeoutMilliseconds: 0).isEmpty)
        }

        @Test
        func signalsNobodyDrainsNeverBlock() throws {
            let wake = try WakeSignal()
            for _ in 0..<100_000 { wake.signal() }
            #expect(try Poller().wait([], wake: wake, timeoutMilliseconds: 0).woken)
            wake.drain()
            #expect(try Poller().wait([], wake: wake, timeoutMilliseconds: 0).isEmpty)
        }

        @Test
        func readySocketIsNamedUntilItIsRead() throws {
            let alice = CurveKeyPair.generate()
            let (idle, busy) = (try Door(.router), try Door(.router, roster: Roster([(alice, "alice")])))
            let (client, poller) = (try busy.client(keys: alice), Poller())
            #expect(try client.sendWhenReady([1]) == .sent)
            for _ in 0..<2 {
                let ready = try poller.wait([idle.socket, busy.socket], timeoutMilliseconds: 5000)
                #expect(ready.contains(1))
                #expect(!ready.contains(0))
                #expect(!ready.woken)
            }
            // The payload frame keeps its User-Id although the socket was polled.
            #expect(try busy.socket.receive()?.userID == "alice")
            #expect(try poller.wait([idle.socket, busy.socket], timeoutMilliseconds: 0).isEmpty)
        }
    }
}
