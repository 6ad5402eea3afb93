/// Text formats here are defined on octets, and Swift's `String` equality is not: to it a Kelvin sign equals a `K`.
/// So names are compared, split and looked up by their UTF-8 bytes.
extension String {
    func hasSameOctets(as other: String) -> Bool {
        utf8.elementsEqual(other.utf8)
    }
}

/// Octets with a special meaning in note, checkpoint, proof and policy texts.
enum Octet {
    static let newline = UInt8(ascii: "\n")
    static let tab = UInt8(ascii: "\t")
    static let space = UInt8(ascii: " ")
    static let plus = UInt8(ascii: "+")
    static let number = UInt8(ascii: "#")
}

/// Decimal numbers as the C2SP formats write them: digits only, no leading zero except `0` itself.
enum DecimalNumber {
    static func parse(_ digits: some Collection<UInt8>) -> UInt64? {
        guard let first = digits.first, digits.count == 1 || first != UInt8(ascii: "0") else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
