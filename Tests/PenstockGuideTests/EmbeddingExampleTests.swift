import Foundation
import PenstockCore
import Testing

/// The example of the guide about embedding, on a mesh that `cluster/tests/test_guides.py` has made.
struct EmbeddingExampleTests {
    static let environment = ProcessInfo.processInfo.environment
    static let identity = environment["PENSTOCK_EXAMPLE_IDENTITY"]

    @Test(.enabled(if: identity != nil, "cluster/tests/test_guides.py names a mesh"))
    func aGrantAllowsAndARevokeStops() async throws {
        let identity = try #require(Self.identity)
        let credential = try #require(Self.environment["PENSTOCK_EXAMPLE_CREDENTIAL"])
        var isDone = false
        do {
            try await guarded(identity: identity, journal: identity + "/data", credential: credential) { isDone = true }
            print("example: allowed")
        } catch let denied as Denied {
            print("example: \(denied.reason.name)")
        }
        #expect(isDone == (Self.environment["PENSTOCK_EXAMPLE_EXPECTS"] == "none"))
    }
}
