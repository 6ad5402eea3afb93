package import PenstockCore

/// The trace id of a W3C `traceparent`.
package enum TraceParent {
    /// Nil when the header is invalid: it is then ignored, as W3C Trace Context section 4.3 asks.
    /// Of versions after 00 the first four fields are read.
    package static func traceID(_ header: String) -> Incarnation? {
        let fields = header.split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count >= 4, fields[0].utf8.count == 2, fields[0] != "ff", fields[0] != "00" || fields.count == 4,
            Hex.decode(fields[0]) != nil, fields[2].utf8.count == 16, fields[2].contains(where: { $0 != "0" }),
            Hex.decode(fields[2]) != nil, fields[3].utf8.count == 2, Hex.decode(fields[3]) != nil,
            let bytes = Hex.decode(fields[1]), let traceID = Incarnation(bytes), traceID != .unknown
        else { return nil }
        return traceID
    }
}
