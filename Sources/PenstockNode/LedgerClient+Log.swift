package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

/// What the log says.
extension LedgerClient {
    /// The whole log from a position, page by page.
    package func readLog(from first: Position = 1, _ body: (Position, [UInt8]) throws -> Void) throws {
        var position = first
        while true {
            let from = position
            guard case .fetched(let page) = try ask(.fetch(.with { $0.from = from })) else { throw unexpected }
            for entry in page.events {
                try body(position, [UInt8](entry))
                position += 1
            }
            if page.events.isEmpty { return }
        }
    }

    /// The event at a position; nil behind the log's end.
    package func event(at position: Position) throws -> Event? {
        guard position > 0, case .fetched(let page) = try ask(.fetch(.with { $0.from = position })) else {
            throw unexpected
        }
        return try page.events.first.map { try SignedEvent(entry: [UInt8]($0)).event }
    }

    /// What time it is at the ledger; nil from an older version.
    package func time(timeoutMS: Int = 5000) throws -> Penstock_V1_LedgerTime? {
        guard case .head(let head) = try ask(.head(.init()), timeoutMS: timeoutMS) else { throw unexpected }
        return head.hasTime ? head.time : nil
    }

    /// The mesh's bounds, which are set at its beginning.
    package func settings() throws -> Settings {
        guard case .genesis(_, let settings)? = try event(at: 1)?.kind else { throw unexpected }
        return settings
    }
}
