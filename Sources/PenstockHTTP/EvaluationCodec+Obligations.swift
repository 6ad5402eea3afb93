internal import PenstockCore
internal import PenstockGatekeeper
internal import PenstockJSON

/// What an answer asks of whoever enforces it (AuthZEN Obligations profile, draft 1).
extension EvaluationCodec {
    static let obligationTypes = ["custom", "session_termination"]

    /// Nil where nothing is asked. A hold must be ended; a run that was revoked must not go on.
    static func obligations(_ decision: Decision) -> JSON? {
        if decision.isAllow, decision.openForMS > 0 {
            let properties = JSON.members([
                "name": .string("end_hold"), "permit_id": .string(decision.permitID),
                "within_ms": .integer(decision.openForMS),
            ])
            return one("end_hold", "custom", properties)
        }
        guard decision.reason == .revoked, !decision.runID.isEmpty else { return nil }
        let run = JSON.members(["type": .string("run"), "id": .string(decision.runID)])
        return one("end_run", "session_termination", .members(["subject": run]))
    }

    private static func one(_ id: String, _ type: String, _ properties: JSON) -> JSON {
        .array([.members(["id": .string(id), "type": .string(type), "properties": properties])])
    }
}
