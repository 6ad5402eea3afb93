import ArgumentParser
import PenstockCore
import PenstockNode
import PenstockTransport
import PenstockWire
import Testing

@testable import PenstockConsole

/// What a command says of an error, and the status that it ends with.
@Suite struct FailureTests {
    private static let errors: [(error: any Error, code: String, message: String, status: Int32)] = [
        (Refusal(.notFound, "no such grant"), "not_found", "no such grant", 4),
        (Refusal(.budgetHeldElsewhere, "wait"), "budget_held_elsewhere", "wait", 2),
        (NodeError(.notFound, "no such file"), "not_found", "no such file", 4),
        (NodeError(.protocolError, "no answer to it"), "protocol_error", "no answer to it", 1),
        (NodeError(.refused, "no"), "refused", "no", 1),
        (WireError(.tooLarge, "a page has more"), "too_large", "a page has more", 1),
        (CancellationError(), "failed", "it was given up", 1),
    ]

    @Test(arguments: errors.indices) func errorSaysCodeMessageAndStatus(index: Int) {
        let expected = Self.errors[index]
        let told = Failure.describe(expected.error)
        #expect(told.code == expected.code && told.message == expected.message)
        #expect(told.exit.rawValue == expected.status)
    }

    /// What the environment said may be behind it, so it may be named too.
    @Test func nodeThatDoesNotAnswerIsToldApart() {
        let unreachable = Failure.describe(NodeError(.unreachable, "the ledger does not answer"))
        #expect(unreachable.code == "unreachable" && unreachable.exit.rawValue == 2)
        let transport = Failure.describe(TransportError(.badKey, "that is no key"))
        #expect(transport.code == "transport" && transport.exit.rawValue == 1)
        #expect(
            unreachable.message.hasPrefix("the ledger does not answer") && transport.message.hasPrefix("that is no key")
        )
    }

    @Test func codesAreInSnakeCase() {
        for code in Refusal.Code.allCases {
            #expect(Refusal(code, "").codeName.allSatisfy { $0.isLowercase || $0 == "_" }, "\(code)")
        }
    }
}
