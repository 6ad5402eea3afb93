package import Foundation
internal import PenstockCore

/// The one way in which this program's own JSON files are read: what two readers could understand differently is refused.
package enum StrictJSON {
    /// - Throws: `NodeError`, saying what is wrong with the text at `path`.
    package static func decode<T: Decodable>(_ type: T.Type, from data: Data, _ path: String, with decoder: JSONDecoder = JSONDecoder()) throws(NodeError) -> T {
        do {
            _ = try JSONParser.parse([UInt8](data))
        } catch {
            throw NodeError(.configuration, "\(path): \(error.text)")
        }
        do {
            return try decoder.decode(type, from: data)
        } catch {
            throw NodeError(.configuration, "\(path) lacks a member, or has one of another type")
        }
    }
}
