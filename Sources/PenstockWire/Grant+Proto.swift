internal import Foundation
package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

extension Grant {
    package init(_ proto: Penstock_V1_Grant) throws(WireError) {
        self.init()
        grantID = proto.grantID
        runID = proto.runID
        agentID = proto.agentID
        agentClass = proto.agentClass
        principalID = proto.principalID
        purpose = proto.purpose
        audience = proto.audience
        workload = proto.workload
        allowedActions = proto.allowedActions
        resources = proto.resources
        for condition in proto.conditions {
            // What a later version compares, this one denies; the rest of the log stays readable.
            let comparison = Comparison(rawValue: condition.operator) ?? .unknown(condition.operator)
            conditions.append(Condition(path: condition.path, comparison: comparison, value: condition.value))
        }
        notBefore = proto.notBeforeMs
        expiresAt = proto.expiresAtMs
        renewableUntil = proto.renewableUntilMs
        budgets = proto.budgets.map(Amount.init)
        maxAmounts = proto.maxAmounts.map(Amount.init)
        for rate in proto.rates { rates.append(try Rate(rate)) }
        draws = proto.draws
        maxStalenessMS = proto.maxStalenessMs
        linearizable = proto.linearizable
        graceMS = proto.graceMs
        parent = proto.parent
        credentialDigest = try digest(proto.credentialDigest)
        approvalActions = proto.approvalActions
        policyVersion = proto.policyVersion
        promptHash = [UInt8](proto.promptHash)
        toolVersion = proto.toolVersion
        delegate = proto.delegationDepth
        confirmation = try Confirmation(of: proto)
    }

    package var proto: Penstock_V1_Grant {
        .with {
            $0.grantID = grantID
            $0.runID = runID
            $0.agentID = agentID
            $0.agentClass = agentClass
            $0.principalID = principalID
            $0.purpose = purpose
            $0.audience = audience
            $0.workload = workload
            $0.allowedActions = allowedActions
            $0.resources = resources
            $0.conditions = conditions.map { condition in
                .with {
                    $0.path = condition.path
                    $0.operator = condition.comparison.rawValue
                    $0.value = condition.value
                }
            }
            $0.notBeforeMs = notBefore
            $0.expiresAtMs = expiresAt
            $0.renewableUntilMs = renewableUntil
            $0.budgets = budgets.map(\.proto)
            $0.maxAmounts = maxAmounts.map(\.proto)
            $0.rates = rates.map(\.proto)
            $0.draws = draws
            $0.maxStalenessMs = maxStalenessMS
            $0.linearizable = linearizable
            $0.graceMs = graceMS
            $0.parent = parent
            $0.credentialDigest = Data(credentialDigest.bytes)
            $0.approvalActions = approvalActions
            $0.policyVersion = policyVersion
            $0.promptHash = Data(promptHash)
            $0.toolVersion = toolVersion
            $0.delegationDepth = delegate
            $0.confirmation =
                switch confirmation {
                case .key(let digest): .keyThumbprint(Data(digest.bytes))
                case .certificate(let digest): .certificateThumbprint(Data(digest.bytes))
                case nil: nil
                }
        }
    }
}

extension Confirmation {
    /// The key that a grant is bound to, of one that may lack its credential; nil where it is bound to none.
    package init?(of proto: Penstock_V1_Grant) throws(WireError) {
        switch proto.confirmation {
        case .keyThumbprint(let bytes): self = .key(try digest(bytes))
        case .certificateThumbprint(let bytes): self = .certificate(try digest(bytes))
        case nil: return nil
        }
    }
}
