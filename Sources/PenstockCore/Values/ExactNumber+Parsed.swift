extension ExactNumber {
    /// A number that is read once, to be compared often.
    package struct Parsed: Sendable {
        private let bytes: [UInt8]
        private let parts: Parts

        /// Nil for what is no number.
        package init?(_ text: String) {
            let bytes = Array(text.utf8)
            guard let parts = bytes.withUnsafeBufferPointer({ Parts($0) }) else { return nil }
            (self.bytes, self.parts) = (bytes, parts)
        }

        /// How a number compares with it; nil for what is none.
        func order(of a: UnsafeBufferPointer<UInt8>) -> Order? {
            guard let left = Parts(a) else { return nil }
            return bytes.withUnsafeBufferPointer { ExactNumber.order(left, a, parts, $0) }
        }
    }

    /// As above.
    package static func compare(_ a: String, _ b: Parsed) -> Order? {
        bytes(a) { b.order(of: $0) }
    }
}
