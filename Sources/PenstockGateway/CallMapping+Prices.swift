internal import PenstockCore
internal import PenstockJSON

extension CallMapping {
    /// Why a request cannot be priced, for whoever sent it.
    struct Unpriced: Error, Equatable {
        var what: String
    }

    /// The request with the caps of the price table in it. What is decided afterwards is read again from the line that
    /// will be sent, so it is never about other arguments than the tool's.
    func capped(_ method: String, _ params: JSON, _ line: [UInt8]) throws(Unpriced) -> (params: JSON, line: [UInt8]) {
        guard let prices, method == "tools/call", let tool = params["name"]?.text else { return (params, line) }
        var (params, line) = (params, line)
        for cap in prices.caps(tool) {
            switch ArgumentNumber(cap.argument, in: ClientMessage.object(params["arguments"])) {
            case .number(let value) where value <= cap.most: continue
            case .other: throw Unpriced(what: Self.needed(cap.argument))
            case .number, .absent: break
            }
            guard
                let edited = LineEdit.setting(
                    ["params"] + cap.argument.split(separator: ".").map(String.init), to: cap.most, in: line),
                case .request(_, _, let reread)? = try? ClientMessage.read(edited),
                ArgumentNumber(cap.argument, in: ClientMessage.object(reread["arguments"])) == .number(cap.most)
            else { throw Unpriced(what: Self.needed(cap.argument)) }
            (params, line) = (reread, edited)
        }
        return (params, line)
    }

    /// Gives a tool call the most that it can come to, and how that was measured. More than any call may spend stays
    /// more, so that whoever decides denies and records it.
    func price(_ call: inout Call, _ arguments: JSON) throws(Unpriced) {
        guard let prices else { return }
        let tool = call.resourceID
        var unit = ""
        do {
            let most = try prices.most(tool) { ArgumentNumber($0, in: arguments).value }
            (call.priceVersion, call.basis) = (prices.version, most.text)
            // A table prices no tool in more units than a call has room for.
            call.amounts = CallAmounts(try prices.price(tool, most))!
            return
        } catch {
            switch error {
            case .missing(let path): throw Unpriced(what: Self.needed(path))
            case .overflow(let over): unit = over
            }
        }
        call.amounts = CallAmounts(declared: [Amount(Self.unit, 1), Amount(unit, Limits.amount + 1)])!
    }

    private static func needed(_ path: String) -> String {
        "\(path) must be a whole number, not negative: the tool is priced by it"
    }

    /// What a call comes to by its answer. An answer that is no complete result says nothing: all that was held is
    /// spent.
    ///
    /// - Returns: with a doubt, for whoever runs the gateway, where the answer reports what no call can come to: what
    ///   is above the bound is charged at the bound, and what is no number at all leaves the hold.
    func spent(_ call: Call, _ answer: JSON, bytes: Int) -> (amounts: [Amount], priced: Priced, doubt: String?) {
        let held = (call.amounts.list, Priced(version: call.priceVersion, basis: call.basis), nil as String?)
        guard let prices, let most = Quantities(call.basis), !call.priceVersion.isEmpty, let result = answer["result"],
            result["content"]?.elements != nil,
            result["resultType"] == nil || result["resultType"] == .string("complete")
        else { return held }
        var doubt: String?
        let measured = prices.measured(call.resourceID, most: most, resultBytes: Int64(bytes)) { path in
            switch ResultTokens.report(path, in: result) {
            case .number(let count): return count
            case .above(let text):
                doubt =
                    """
                    \(call.resourceID.prefix(64)) reports \(text.prefix(32)) tokens: charged as \(Limits.amount), \
                    the most that any call may spend
                    """
                return Limits.amount
            case .unreadable:
                doubt = "\(call.resourceID.prefix(64)) reports tokens that are no whole number: charged as held"
                return nil
            case .absent: return nil
            }
        }
        let bounded = prices.bounded(call.resourceID, measured)
        if let unit = bounded.over {
            doubt =
                doubt
                    ?? """
                    \(call.resourceID.prefix(64)) came to more \(unit) than any call may spend: charged as \
                    \(Limits.amount)
                    """
        }
        return (bounded.amounts, Priced(version: prices.version, basis: measured.text), doubt)
    }
}

/// What stands at a path among a tool's arguments.
enum ArgumentNumber: Equatable {
    case absent
    /// Whole, and not negative.
    case number(Int64)
    case other

    /// - Parameter path: `arguments.` and names of members. A name that differs only in case is no other name to some
    ///   servers, so then nothing is known.
    init(_ path: String, in arguments: JSON) {
        var json = arguments
        for name in path.split(separator: ".").dropFirst() {
            guard let members = json.members else {
                self = .other
                return
            }
            guard let value = json[String(name)] else {
                let folded = ClientMessage.fold(String(name))
                self = members.contains { ClientMessage.fold($0.key) == folded } ? .other : .absent
                return
            }
            // As good as absent.
            guard value != .null else {
                self = .absent
                return
            }
            json = value
        }
        if let value = json.int64, value >= 0 { self = .number(value) } else { self = .other }
    }

    var value: Int64? {
        if case .number(let value) = self { value } else { nil }
    }
}

/// Tokens that a tool's result reports.
enum ResultTokens {
    /// Where servers put a total, since the protocol names no place.
    static let usual = ["structuredContent.usage.total_tokens", "_meta.usage.total_tokens", "usage.total_tokens"]

    enum Report {
        case absent
        case number(Int64)
        /// More than any amount.
        case above(String)
        case unreadable
    }

    /// - Parameter path: empty for the usual places.
    static func report(_ path: String, in result: JSON) -> Report {
        var most: Int64?
        for path in path.isEmpty ? usual : [path] {
            let all = find(path.split(separator: ".")[...], in: result)
            // Of a member that is there twice, one reader takes the first and another the last.
            guard all.count <= 1 else { return .unreadable }
            guard let found = all.first, found != .null else { continue }
            guard case .number(let written) = found, let text = ExactNumber.canonical(written) else {
                return .unreadable
            }
            if ExactNumber.compare(text, String(Limits.amount)) == .greater { return .above(written) }
            guard let count = Int64(text), count >= 0 else { return .unreadable }
            // Of two places that disagree, the larger is charged.
            most = max(most ?? 0, count)
        }
        return most.map(Report.number) ?? .absent
    }

    /// Names under `_meta` have dots in them, so the longest name that is there counts.
    private static func find(_ path: ArraySlice<Substring>, in json: JSON) -> [JSON] {
        guard !path.isEmpty else { return [json] }
        for count in stride(from: path.count, to: 0, by: -1) {
            let name = path.prefix(count).joined(separator: ".")
            let found = (json.members ?? []).filter { $0.key.isSame(as: name) }.flatMap {
                find(path.dropFirst(count), in: $0.value)
            }
            if !found.isEmpty { return found }
        }
        return []
    }
}
