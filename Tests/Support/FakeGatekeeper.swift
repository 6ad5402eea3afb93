package import PenstockCore
package import PenstockGatekeeper
package import Synchronization

/// A gatekeeper that answers as a test says, and remembers what it was asked.
package final class FakeGatekeeper: Gatekeeper, Observable {
    package struct State {
        package var decide: @Sendable (Call) -> Decision = { _ in Decision(reason: .none, validForMS: 60_000) }
        package var preview: @Sendable (Call) -> Reason = { _ in .none }
        package var unknown: Set<Digest> = []
        package var previewValidForMS: Int64 = 1_000
        /// Before each answer.
        package var delay: Duration = .zero
        package var holdError: HoldError?
        package var health = Health(viewApplied: true, leaseHeld: true, journalWritable: true, halted: nil)
        package var metrics: [Metric] = []
        package var checked: [Call] = []
        package var previewed: [Call] = []
        package var settled: [String: [Amount]] = [:]
        package var priced: [String: Priced] = [:]
        package var released: [String] = []
        package var patience: Duration = .zero
        var sequence = 0
        package var streams: [AsyncStream<Cancellation>.Continuation] = []
    }

    package let state = Mutex(State())

    package init() {}

    package func set(_ body: (inout sending State) -> Void) { state.withLock { body(&$0) } }

    package func check(_ call: Call, patience: Duration) async -> Decision {
        let delay = state.withLock { $0.delay }
        if delay > .zero { try? await Task.sleep(for: delay) }
        return state.withLock { state in
            state.checked.append(call)
            state.patience = patience
            state.sequence += 1
            var decision = state.decide(call)
            if decision.decisionID.isEmpty { decision.decisionID = "d-\(state.sequence)" }
            if decision.isAllow { decision.permitID = Permits.id(decision.decisionID) }
            return decision
        }
    }

    package func settle(_ permitID: String, actual: [Amount], priced: Priced) async throws(HoldError) {
        let error = state.withLock { state in
            if state.holdError == nil {
                state.settled[Permits.decision(permitID)] = actual
                state.priced[Permits.decision(permitID)] = priced
            }
            return state.holdError
        }
        if let error { throw error }
    }

    package func release(_ permitID: String) async throws(HoldError) {
        let error = state.withLock { state in
            if state.holdError == nil { state.released.append(Permits.decision(permitID)) }
            return state.holdError
        }
        if let error { throw error }
    }

    package func mayKnow(_ credential: Digest) -> Bool { state.withLock { !$0.unknown.contains(credential) } }

    package func preview(_ call: Call) async -> Preview {
        let delay = state.withLock { call.resourceType == "mcp_server" ? .zero : $0.delay }
        if delay > .zero { try? await Task.sleep(for: delay) }
        return state.withLock { state in
            state.previewed.append(call)
            return Preview(reason: state.preview(call), validForMS: state.previewValidForMS)
        }
    }

    package func cancellations() -> AsyncStream<Cancellation> {
        let (stream, continuation) = AsyncStream<Cancellation>.makeStream()
        state.withLock { $0.streams.append(continuation) }
        return stream
    }

    package func cancel(_ decisionID: String, _ reason: Reason = .revoked, of credential: Digest = .zero) {
        for stream in state.withLock({ $0.streams }) {
            stream.yield(Cancellation(decisionID: decisionID, reason: reason, credential: credential))
        }
    }

    package func breakStreams() {
        let streams = state.withLock { state in
            defer { state.streams = [] }
            return state.streams
        }
        for stream in streams { stream.finish() }
    }

    package func health() -> Health { state.withLock { $0.health } }
    package func metrics() -> [Metric] { state.withLock { $0.metrics } }
}

/// Permits as a gatekeeper of the tests gives them: what is ended by anything else is told as no decision's.
package enum Permits {
    package static func id(_ decisionID: String) -> String { decisionID + "-tag" }
    package static func decision(_ permitID: String) -> String {
        permitID.hasSuffix("-tag") ? String(permitID.dropLast(4)) : "no permit: \(permitID)"
    }
}
