internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import SwiftProtobuf

extension Forgetting {
    init(_ value: Penstock_V1_Forgotten) throws(WireError) {
        guard value.grants.count <= Limits.forgottenAtOnce, value.tokenHashes.count <= Limits.forgottenAtOnce else {
            throw WireError(.tooLarge, "an event forgets at most \(Limits.forgottenAtOnce) grants, and join tokens")
        }
        var tokens: [Digest] = []
        for hash in value.tokenHashes { tokens.append(try digest(hash)) }
        self.init(grants: value.grants, tokens: tokens)
    }

    var proto: Penstock_V1_Forgotten {
        .with {
            $0.grants = grants
            $0.tokenHashes = tokens.map { Data($0.bytes) }
        }
    }
}
