import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockTestSupport
import Synchronization

/// What a subscription gave.
final class Heard: Sendable {
    let seen = Mutex<[Cancellation]>([])
    let ended = Mutex(false)

    /// Subscribes, and reads until the subscription ends.
    @discardableResult
    func listen(to remote: RemoteGatekeeper) -> Task<Void, Never> {
        let stream = remote.cancellations()
        return Task {
            for await cancellation in stream { seen.withLock { $0.append(cancellation) } }
            ended.withLock { $0 = true }
        }
    }
}

func remoteCall(holds: Bool = false) -> Call {
    Call(
        Presented(testDigest), action: "tools/call", resourceType: "tool", resourceID: "x\"\\é",
        amounts: CallAmounts(declared: [Amount("usd_micros", 9_007_199_254_740_993)])!,
        attributes: ["arguments.p": "/a", "z": "1"], callID: "c",
        argumentsDigest: fakeHash([1]), traceID: Incarnation(high: 1, low: 2), holds: holds, atLeast: 9,
        priceVersion: "2026-11",
        basis: "calls=1 arguments.n=5")
}

func remoteCall(of credential: String) -> Call {
    var call = remoteCall(holds: true)
    call.credential = fakeHash(Array(credential.utf8))
    return call
}
