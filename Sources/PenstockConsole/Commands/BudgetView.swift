internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

/// Where every unit of a budget is, as it is printed.
struct BudgetView: Encodable {
    struct Slice: Encodable {
        var slice: UInt64
        var node: String
        var incarnation: String
        var amount: Int64
        var used: Int64
        var returned: Int64
        var held: Int64
        /// Its node cannot be heard: what is unspent is stranded until it comes back, or an operator decides.
        var silent: Bool
        var grantId: String
    }

    var name: String
    var unit: String
    var ceiling: Int64
    var settled: Int64
    /// In slices and not reported spent: holds included.
    var out: Int64
    /// In slices of windows that count no more.
    var outOfEndedWindows: Int64
    var held: Int64
    var unallocated: Int64
    var debt: Int64
    var overcommitted: Int64
    var frozen: Bool
    /// Nothing is drawn on it any more.
    var closed: Bool
    /// Log positions of the debts that no operator has accepted, …
    var openDebts: [UInt64]
    /// … and how many more there are than these.
    var moreDebts: UInt64
    var stranded: Int64
    /// Unspent in slices of grants that are revoked.
    var exposureAfterRevoke: Int64
    var maxOut: Int64
    var parent: String
    var `for`: String?
    var window: String
    var windowNumber: UInt64
    var windowEndsAt: String?
    var slices: [Slice]

    init(_ row: Penstock_V1_BudgetStatus) {
        (name, unit, ceiling, settled, out) = (row.name, row.unit, row.ceiling, row.settled, row.out)
        outOfEndedWindows = row.outOfEnded
        (held, unallocated, debt, overcommitted) = (row.held, row.unallocated, row.debt, row.overcommitted)
        closed = row.closed
        (frozen, openDebts, moreDebts, stranded, exposureAfterRevoke) = (
            row.frozen, row.openDebts, row.moreDebts, row.stranded, row.exposure
        )
        (maxOut, parent, windowNumber) = (row.maxOut, row.parent, row.windowNumber)
        `for` = row.hasSelector ? (try? Selector(row.selector))?.description : nil
        window = (try? BudgetWindow(row.window))?.written ?? "none"
        windowEndsAt = row.windowEndsAtMs == 0 ? nil : Times.text(row.windowEndsAtMs)
        slices = row.slices.map {
            Slice(
                slice: $0.slice, node: $0.node, incarnation: Hex.encode($0.incarnation), amount: $0.amount,
                used: $0.used, returned: $0.returned,
                held: $0.held, silent: $0.silent, grantId: $0.grantID)
        }
    }

    var table: [[String]] {
        var rows = [
            ["budget \(name)", bar], ["ceiling", "\(ceiling) \(unit)"], ["settled", "\(settled)"],
            ["out in slices", "\(out), of which \(held) held"], ["unallocated", "\(unallocated)"],
        ]
        if closed { rows.append(["closed", "what draws on it is denied"]) }
        if debt > 0 || !openDebts.isEmpty {
            let accept =
                """
                accept with 'budget accept-debt \
                \(openDebts.map(String.init).joined(separator: " "))'\
                \(moreDebts > 0 ? ", then \(moreDebts) more" : "")
                """
            rows.append([
                "debt",
                "\(debt)"
                    + (openDebts.isEmpty ? "" : frozen ? ", frozen: \(accept)" : ", a grant is frozen: \(accept)"),
            ])
        }
        if overcommitted > 0 { rows.append(["overcommitted", "\(overcommitted)"]) }
        if stranded > 0 { rows.append(["stranded", "\(stranded) with silent nodes"]) }
        if exposureAfterRevoke > 0 { rows.append(["exposure after revoke", "\(exposureAfterRevoke)"]) }
        if window != "none" {
            rows.append(["window", "\(window), number \(windowNumber)\(windowEndsAt.map { ", until \($0)" } ?? "")"])
        }
        return rows
            + slices.map {
                [
                    "slice \($0.slice)",
                    "\($0.used) of \($0.amount - $0.returned) used at \($0.node)\($0.silent ? " (silent)" : "")",
                ]
            }
    }

    /// Settled, out and free, as parts of the ceiling.
    var bar: String {
        let width = 24
        guard ceiling > 0 else { return "[\(String(repeating: " ", count: width))]" }
        // Figures of up to 2⁶² each.
        func part(_ amount: Int64, of whole: Int64) -> Double {
            min(1e9, Double(amount) * Double(whole) / Double(ceiling))
        }
        let done = min(width, Int(part(settled, of: Int64(width))))
        let out = min(width - done, Int(part(self.out, of: Int64(width)).rounded(.up)))
        return
            """
            [\(String(repeating: "#", count: done))\(String(repeating: "-", count: out))\
            \(String(repeating: " ", count: width - done - out))] \(Int(part(settled, of: 100))) %
            """
    }
}

extension BudgetWindow {
    /// As `--window` is written: `none`, `1h`, `rolling:1h`, `month@Europe/Berlin`.
    var written: String {
        switch self {
        case .none: "none"
        case .fixed(let length): DurationText(milliseconds: length).defaultValueDescription
        case .rolling(let length): "rolling:\(DurationText(milliseconds: length).defaultValueDescription)"
        case .calendar(let period, let zone): "\(period)@\(zone)"
        }
    }

    /// Nil for any other form.
    init?(written text: String) {
        if text.isEmpty || text == "none" {
            self = .none
        } else if let at = text.firstIndex(of: "@"),
            let period = CalendarPeriod.allCases.first(where: { "\($0)" == text[..<at] })
        {
            self = .calendar(period, zone: String(text[text.index(after: at)...]))
        } else if text.hasPrefix("rolling:"),
            let length = DurationText(argument: String(text.dropFirst(8)))?.milliseconds
        {
            self = .rolling(milliseconds: length)
        } else if let length = DurationText(argument: text)?.milliseconds {
            self = .fixed(milliseconds: length)
        } else {
            return nil
        }
    }
}
