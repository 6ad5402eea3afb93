/// Strings that grants have in common, numbered: a grant then is a few integers, and matching a selector is one
/// table look-up. The same text under two kinds of selector is two symbols.
package typealias Symbol = UInt32

package struct Symbols: Sendable {
    private struct Key: Hashable {
        var kind: UInt8
        var text: String

        /// Byte for byte: of two canonically equivalent texts, which one a symbol has must not depend on which came
        /// first.
        static func == (a: Key, b: Key) -> Bool { a.kind == b.kind && a.text.utf8.elementsEqual(b.text.utf8) }

        func hash(into hasher: inout Hasher) {
            hasher.combine(kind)
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    private var numbers: [Key: Symbol] = [:]
    private var texts: [String] = []
    /// How many grants have each.
    private var uses = ContiguousArray<Int32>()
    private var free: [Symbol] = []

    package init() {}

    package var count: Int { numbers.count }
    /// With those that are free.
    package var numbersUsed: Int { texts.count }

    package mutating func intern(_ kind: Selector.Kind, _ text: String) -> Symbol {
        let key = Key(kind: kind.rawValue, text: text)
        if let symbol = numbers[key] { return symbol }
        let symbol = free.popLast() ?? Symbol(texts.count)
        numbers[key] = symbol
        if Int(symbol) == texts.count {
            texts.append(text)
            uses.append(0)
        } else {
            texts[Int(symbol)] = text
        }
        return symbol
    }

    package mutating func retain(_ symbol: Symbol) { uses[Int(symbol)] += 1 }
    package mutating func release(_ symbol: Symbol) { uses[Int(symbol)] -= 1 }
    package func isUsed(_ symbol: Symbol) -> Bool { uses[Int(symbol)] > 0 }
    func uses(_ symbol: Symbol) -> Int { Int(uses[Int(symbol)]) }

    /// Its number goes to another text. Nobody may have it any more.
    package mutating func drop(_ symbol: Symbol, _ kind: Selector.Kind) {
        numbers[Key(kind: kind.rawValue, text: texts[Int(symbol)])] = nil
        texts[Int(symbol)] = ""
        free.append(symbol)
    }

    package func find(_ kind: Selector.Kind, _ text: String) -> Symbol? {
        numbers[Key(kind: kind.rawValue, text: text)]
    }

    package func text(_ symbol: Symbol) -> String { texts[Int(symbol)] }

    package mutating func reserveCapacity(_ count: Int) {
        numbers.reserveCapacity(count)
        texts.reserveCapacity(count)
        uses.reserveCapacity(count)
    }
}
