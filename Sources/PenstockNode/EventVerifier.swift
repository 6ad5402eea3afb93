internal import Dispatch
package import PenstockCore
internal import PenstockCrypto
internal import PenstockWire

/// Verifies events against members' keys, keeping the keys that were found to be sound. Confined to one thread, which
/// shares the work of many events with all cores.
package struct EventVerifier {
    private var verifiers: [[UInt8]: Verifier] = [:]

    package init() {}

    package mutating func verify(_ event: SignedEvent, by keys: NodeKeys) -> Bool { verify([(event, keys)])[0] }

    /// Whether each event is signed by the keys beside it, in the same order.
    package mutating func verify(_ signed: [(event: SignedEvent, keys: NodeKeys)]) -> [Bool] {
        let tasks = signed.map { (verifier: verifier($0.keys.signing), bytes: $0.event.bytes) }
        return [Bool](unsafeUninitializedCapacity: tasks.count) { results, count in
            // Each part writes places of its own.
            nonisolated(unsafe) let places = results
            @Sendable func verify(part: Int) {
                let first = part * Self.eventsPerPart
                for index in first..<min(first + Self.eventsPerPart, tasks.count) {
                    let (verifier, bytes) = tasks[index]
                    let isSigned = verifier?.verify(
                        signature: bytes.signature, message: SignedBytes.signedMessage(body: bytes.body))
                    places.initializeElement(at: index, to: isSigned ?? false)
                }
            }
            if tasks.count > Self.eventsPerPart {
                let parts = (tasks.count + Self.eventsPerPart - 1) / Self.eventsPerPart
                DispatchQueue.concurrentPerform(iterations: parts, execute: verify(part:))
            } else {
                verify(part: 0)
            }
            count = tasks.count
        }
    }

    /// What one core verifies at a time: it takes many times as long as to wake another thread, and a page has parts
    /// for many cores.
    private static let eventsPerPart = 8

    private mutating func verifier(_ key: [UInt8]) -> Verifier? {
        if let verifier = verifiers[key] { return verifier }
        guard let publicKey = PublicKey(key) else { return nil }
        let verifier = Verifier(publicKey)
        if verifiers.count >= Limits.nodes { verifiers = [:] }
        verifiers[key] = verifier
        return verifier
    }
}
