package import Foundation
internal import PenstockCore
internal import PenstockJSON

/// The one way in which this program's own JSON is read and written, as UTF-8: what two readers could understand
/// differently is refused, and so is a member that it would not write itself. Whoever shows the file would show that
/// too, and nothing covers it.
package enum StrictJSON {
    /// - Parameter snakeCase: whether members' names are written so.
    /// - Throws: `NodeError`, saying what is wrong with the text at `path`.
    package static func decode<T: Codable>(_ type: T.Type, from data: Data, _ path: String, snakeCase: Bool = false)
        throws(NodeError) -> T
    {
        let written: JSON
        do {
            written = try JSONParser.parse([UInt8](data))
        } catch {
            throw NodeError(.configuration, "\(path): \(error.text)")
        }
        let (decoder, encoder) = (JSONDecoder(), JSONEncoder())
        if snakeCase {
            (decoder.keyDecodingStrategy, encoder.keyEncodingStrategy) = (.convertFromSnakeCase, .convertToSnakeCase)
        }
        let value: T
        let known: JSON
        do {
            value = try decoder.decode(type, from: data)
            known = try JSONParser.parse([UInt8](encoder.encode(value)))
        } catch {
            throw NodeError(.configuration, "\(path) lacks a member, or has one of another type")
        }
        if let name = stranger(in: written, known) {
            throw NodeError(.configuration, "\(path) has a member '\(name.printed)', which it has not in this version")
        }
        return value
    }

    /// With `snake_case` names, in their order.
    package static func text(_ value: some Encodable, pretty: Bool) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting =
            pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// The name of the first member that only the first of two values has.
    private static func stranger(in written: JSON, _ known: JSON) -> String? {
        if let elements = written.elements {
            return zip(elements, known.elements ?? []).lazy.compactMap { stranger(in: $0, $1) }.first
        }
        for member in written.members ?? [] {
            guard let value = known[member.key] else { return member.key }
            if let name = stranger(in: member.value, value) { return name }
        }
        return nil
    }
}
