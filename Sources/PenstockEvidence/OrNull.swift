internal import PenstockCore
internal import PenstockNode

/// A value that is null in JSON when there is none: an optional's member would be left out.
package struct OrNull<Value: Encodable>: Encodable {
    package var value: Value?

    package init(_ value: Value?) { self.value = value }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}

extension OrNull<String> {
    /// A time in the log's milliseconds, where 0 means none.
    package init(time: Int64) { self.init(time > 0 ? Times.text(time) : nil) }

    package var text: String { value ?? "" }
}
