import PenstockCore
import PenstockProto
import PenstockWire
import SwiftProtobuf
import Testing

@testable import PenstockNode

@Suite struct SubmissionTests {
    private let halted = Reply.OneOf_Kind.refused(.with { $0.code = "halted" })
    private let silence = NodeError(.unreachable, "no answer")

    private func refused(_ submission: Submission, _ answer: Reply.OneOf_Kind) throws -> Refusal {
        try #require(throws: Refusal.self) { _ = try submission.take(answer) }
    }

    @Test func aHaltedLedgerIsNotAskedAgainAndItsOwnWordIsTold() throws {
        let submission = Submission(Digest(words: (1, 2, 3, 4)), waitsForBarrier: false)
        submission.unanswered = 1
        let refusal = try refused(submission, halted)
        #expect(submission.isOver(after: refusal))
        #expect(throws: refusal) { _ = try submission.end(refusal, silence) }
    }

    @Test func aCopyThatAHaltedLedgerHasNotAnsweredMayStand() throws {
        let submission = Submission(Digest(words: (1, 2, 3, 4)), waitsForBarrier: false)
        submission.unanswered = 2
        let refusal = try refused(submission, halted)
        #expect(!submission.isOver(after: refusal))
        #expect(try #require(throws: NodeError.self) { _ = try submission.end(refusal, silence) }.code == .unreachable)
        #expect(submission.isOver(after: try refused(submission, halted)))
    }

    @Test func whatStandsIsToldThoughTheLedgerHalts() throws {
        let submission = Submission(Digest(words: (1, 2, 3, 4)), waitsForBarrier: true)
        submission.unanswered = 1
        _ = try submission.take(.submitted(.with { $0.position = 7 }))
        let refusal = try refused(submission, halted)
        #expect(submission.isOver(after: refusal))
        let (submitted, barrier) = try submission.end(refusal, silence)
        #expect(submitted.position == 7 && barrier == nil)
    }
}
