internal import Foundation
package import PenstockCore
internal import PenstockProto
internal import SwiftProtobuf

/// A view as bytes, page by page, so that neither side holds a second copy of it. Equal views give equal bytes.
package enum SnapshotCodec {
    private static let grantsPerPage = 1024

    package static func encode(_ view: View) -> [UInt8] {
        var bytes: [UInt8] = []
        append(firstPage(view), to: &bytes)
        for start in stride(from: 0, to: view.handles.count, by: grantsPerPage) {
            let page = Penstock_V1_Snapshot.with {
                $0.version = WireVersion.snapshot
                $0.grants = view.handles[start..<min(start + grantsPerPage, view.handles.count)].map {
                    view.placedGrant(Int($0)).proto
                }
            }
            append(page, to: &bytes)
        }
        return bytes
    }

    /// Throws `.malformed` for what is no snapshot, or not a whole one, and `.oldVersion` for one of another version.
    package static func decode(_ bytes: [UInt8]) throws(WireError) -> View {
        var rest = bytes[...]
        let first = try nextPage(&rest)
        let image = try image(first)
        var view = try folded { () throws(FoldError) in try View(image: image) }
        // What it says it has, but no more than there is room for: each grant has its credential's digest.
        view.reserveCapacity(grants: min(Int(clamping: first.grantCount), bytes.count / Digest.byteCount))
        while !rest.isEmpty {
            let more = try grants(nextPage(&rest))
            try folded { () throws(FoldError) in try view.add(more) }
        }
        guard view.handles.count == first.grantCount else {
            throw WireError(.malformed, "a snapshot has \(view.handles.count) grants of \(first.grantCount)")
        }
        return view
    }

    private static func folded<T>(_ fold: () throws(FoldError) -> T) throws(WireError) -> T {
        do throws(FoldError) {
            return try fold()
        } catch {
            throw WireError(.malformed, "snapshot: \(error)")
        }
    }

    // MARK: Pages

    private static func append(_ page: Penstock_V1_Snapshot, to bytes: inout [UInt8]) {
        let encoded = PenstockWire.encode(page)
        withUnsafeBytes(of: UInt32(encoded.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: encoded)
    }

    private static func nextPage(_ rest: inout ArraySlice<UInt8>) throws(WireError) -> Penstock_V1_Snapshot {
        let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard rest.count >= 4, rest.count - 4 >= count else {
            throw WireError(.malformed, "a snapshot's page is cut short")
        }
        let page = try PenstockWire.decode(
            Penstock_V1_Snapshot.self, Array(rest.dropFirst(4).prefix(count)), "snapshot")
        guard page.version == WireVersion.snapshot else {
            throw WireError(.oldVersion, "snapshot version \(page.version) is not \(WireVersion.snapshot)")
        }
        rest = rest.dropFirst(4 + count)
        return page
    }

    private static func firstPage(_ view: View) -> Penstock_V1_Snapshot {
        let image = view.image(grants: 0..<0)
        return .with {
            $0.version = WireVersion.snapshot
            $0.grantCount = UInt64(view.handles.count)
            $0.mesh = image.mesh
            $0.position = image.position
            $0.settings = image.settings.proto
            $0.nodes = image.members.map(\.proto)
            $0.restrictions = image.restrictions.map(\.proto)
            $0.tokens = image.tokens.map { state in
                .with {
                    $0.token = state.token.proto
                    $0.used = state.used
                }
            }
            $0.budgets = image.budgets.map(\.proto)
            $0.rates = image.rates.map(\.proto)
            $0.debts = image.debts.map { debt in
                .with {
                    ($0.position, $0.decision, $0.grantID) = (debt.position, debt.decision, debt.grantID)
                    $0.incarnation = Data(debt.incarnation.bytes)
                }
            }
        }
    }

    private static func image(_ proto: Penstock_V1_Snapshot) throws(WireError) -> ViewImage {
        var image = ViewImage(
            mesh: proto.mesh, position: proto.position, settings: Settings(proto.settings), members: [],
            restrictions: [],
            grants: try grants(proto), tokens: [], budgets: [])
        for node in proto.nodes { image.members.append(try View.Member(node)) }
        for placed in proto.restrictions { image.restrictions.append(try .init(placed)) }
        for token in proto.tokens { image.tokens.append(.init(token: try JoinToken(token.token), used: token.used)) }
        for budget in proto.budgets { image.budgets.append(try Budget(budget)) }
        for placed in proto.rates { image.rates.append(try View.PlacedRate(placed)) }
        for debt in proto.debts {
            image.debts.append(
                .init(
                    position: debt.position, incarnation: try incarnation(debt.incarnation), decision: debt.decision,
                    grantID: debt.grantID))
        }
        return image
    }

    private static func grants(_ proto: Penstock_V1_Snapshot) throws(WireError) -> [ViewImage.PlacedGrant] {
        var grants: [ViewImage.PlacedGrant] = []
        grants.reserveCapacity(proto.grants.count)
        for placed in proto.grants { grants.append(try .init(placed)) }
        return grants
    }
}
