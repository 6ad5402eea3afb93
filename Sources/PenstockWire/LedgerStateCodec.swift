internal import Foundation
package import PenstockCore
internal import PenstockProto
internal import SwiftProtobuf

/// A ledger's state as bytes: its view, as nodes get it, and behind it pages of what the ledger alone keeps. Equal
/// states give equal bytes, so that whoever folds the log can compare them.
package enum LedgerStateCodec {
    /// What one page has of each kind: neither side holds a second copy of a large state.
    static let rowsPerPage = 1024

    package static func encode(_ state: LedgerState) -> [UInt8] {
        let view = SnapshotCodec.encode(state.view)
        var bytes = withUnsafeBytes(of: UInt64(view.count).littleEndian) { Array($0) }
        bytes += view
        for page in pages(state.image) {
            let encoded = PenstockWire.encode(page)
            withUnsafeBytes(of: UInt32(encoded.count).littleEndian) { bytes.append(contentsOf: $0) }
            bytes += encoded
        }
        return bytes
    }

    /// Throws `.malformed` for what is no state, or not a whole one, and `.oldVersion` for one of another version.
    package static func decode(_ bytes: [UInt8]) throws(WireError) -> LedgerState {
        let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard bytes.count >= 8, let count = Int(exactly: length), count <= bytes.count - 8 else {
            throw WireError(.malformed, "a state's view is cut short")
        }
        let view = try SnapshotCodec.decode(Array(bytes[8..<8 + count]))
        var image: LedgerImage?
        var rest = bytes[(8 + count)...]
        while !rest.isEmpty {
            let page = try nextPage(&rest)
            if image == nil { image = LedgerImage(firstPage: page) }
            try image?.add(page)
        }
        guard let image else { throw WireError(.malformed, "a state has nothing behind its view") }
        do throws(FoldError) {
            return try LedgerState(view: view, image: image)
        } catch {
            throw WireError(.malformed, "state: \(error)")
        }
    }

    private static func nextPage(_ rest: inout ArraySlice<UInt8>) throws(WireError) -> Penstock_V1_LedgerStatePage {
        let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard rest.count >= 4, rest.count - 4 >= count else {
            throw WireError(.malformed, "a state's page is cut short")
        }
        let page = try PenstockWire.decode(
            Penstock_V1_LedgerStatePage.self, Array(rest.dropFirst(4).prefix(count)), "state")
        guard page.version == WireVersion.ledgerState else {
            throw WireError(.oldVersion, "state version \(page.version) is not \(WireVersion.ledgerState)")
        }
        rest = rest.dropFirst(4 + count)
        return page
    }

    /// The first page has the numbers; each has up to so many rows of every list.
    private static func pages(_ image: LedgerImage) -> [Penstock_V1_LedgerStatePage] {
        let book = image.book
        let rows = [
            image.retired.count, image.warnings.count, image.owners.count, book.accounts.count, book.entries.count,
            book.open.count, book.debts.count, book.requests.count, image.forgotten.count,
        ]
        return (0..<max(1, ((rows.max() ?? 0) + rowsPerPage - 1) / rowsPerPage)).map { number in
            .with {
                $0.version = WireVersion.ledgerState
                if number == 0 {
                    $0.epoch = image.epoch
                    $0.largestBoundNs = image.largestBound
                    $0.greatestTimeMs = image.greatestTime
                    $0.returns = book.returns
                }
                $0.retired = rowsOf(number, image.retired).map { Data($0.bytes) }
                $0.warnings = rowsOf(number, image.warnings).map(\.proto)
                $0.owners = rowsOf(number, image.owners).map(\.proto)
                $0.accounts = rowsOf(number, book.accounts).map(\.proto)
                $0.entries = rowsOf(number, book.entries).map(\.proto)
                $0.slices = rowsOf(number, book.open).map(\.proto)
                $0.debts = rowsOf(number, book.debts).map(\.proto)
                $0.requests = rowsOf(number, book.requests).map(\.proto)
                $0.forgotten = rowsOf(number, image.forgotten).map { grant in
                    .with { ($0.idHash, $0.position) = (grant.id.bits, grant.position) }
                }
            }
        }
    }

    private static func rowsOf<Row>(_ page: Int, _ rows: [Row]) -> ArraySlice<Row> {
        rows.dropFirst(page * rowsPerPage).prefix(rowsPerPage)
    }
}

extension LedgerImage {
    fileprivate init(firstPage page: Penstock_V1_LedgerStatePage) {
        self.init(
            epoch: page.epoch, largestBound: page.largestBoundNs, greatestTime: page.greatestTimeMs, retired: [],
            warnings: [], owners: [],
            book: .init(entries: [], open: [], debts: [], accounts: [], requests: [], returns: page.returns))
    }

    fileprivate mutating func add(_ page: Penstock_V1_LedgerStatePage) throws(WireError) {
        for bytes in page.retired { retired.append(try incarnation(bytes)) }
        for warning in page.warnings { warnings.append(.init(budget: warning.budget, percent: warning.percent)) }
        for owner in page.owners { owners.append(try .init(owner)) }
        for account in page.accounts { book.accounts.append(.init(grant: account.grantID, unit: account.unit)) }
        for entry in page.entries { book.entries.append(try .init(entry)) }
        for slice in page.slices { book.open.append(try .init(slice)) }
        for debt in page.debts { book.debts.append(try .init(debt)) }
        for request in page.requests { book.requests.append(try .init(request)) }
        for grant in page.forgotten {
            forgotten.append(.init(id: IDHash(bits: grant.idHash), position: grant.position))
        }
    }
}
