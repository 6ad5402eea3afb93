internal import Foundation
internal import PenstockCore

/// A batch of decisions as lines of JSON, one for each record: what a person or another tool reads, and in `record` the
/// bytes that the batch's digest in the log is of.
enum DecisionLines {
    private struct Line: Codable {
        var node: String
        var incarnation: String
        var sequence: UInt64
        var timeMs: Int64?
        var kind: String?
        var reason: String?
        /// The position of the grant's event.
        var grant: UInt64?
        var action: String?
        var resource: String?
        var callId: String?
        var amounts: [String: Int64]?
        var record: String?
        /// In the place of all this, for a batch that this version cannot take apart.
        var batch: String?
    }

    static func encode(_ batch: DecisionBatchRow) -> [UInt8] {
        var lines: [Line] = []
        var records: [[UInt8]] = []
        DecisionRecord.forEach(inBatch: batch.bytes) { index, bytes in
            records.append([UInt8](bytes))
            lines.append(line(batch, batch.firstSequence &+ UInt64(index), bytes))
        }
        if joined(records) != batch.bytes {
            lines = [
                Line(
                    node: batch.node, incarnation: batch.incarnation, sequence: batch.firstSequence,
                    batch: Data(batch.bytes).base64EncodedString())
            ]
        }
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var text: [UInt8] = []
        for line in lines {
            guard let bytes = try? encoder.encode(line) else { preconditionFailure("texts and integers encode") }
            text += bytes + [UInt8(ascii: "\n")]
        }
        return text
    }

    private static func line(_ batch: DecisionBatchRow, _ sequence: UInt64, _ bytes: UnsafeRawBufferPointer) -> Line {
        var line = Line(node: batch.node, incarnation: batch.incarnation, sequence: sequence)
        line.record = Data(bytes).base64EncodedString()
        guard let record = DecisionRecord(bytes) else { return line }
        line.timeMs = record.wall
        line.kind = record.kind.name
        line.reason = record.reason.name
        if record.grant > 0 { line.grant = record.grant }
        line.action = record.action
        line.resource = record.resourceType.isEmpty ? nil : "\(record.resourceType):\(record.resourceID)"
        line.callId = record.callID.isEmpty ? nil : record.callID
        line.amounts = Dictionary(record.amounts.map { ($0.unit, $0.value) }) { first, _ in first }
        return line
    }

    /// The batch's bytes again, as its node shipped them; nil for what no batch was written as.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var records: [[UInt8]] = []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            guard let line = try? decoder.decode(Line.self, from: Data(line)) else { return nil }
            if let batch = line.batch { return Data(base64Encoded: batch).map { [UInt8]($0) } }
            guard let record = line.record.flatMap({ Data(base64Encoded: $0) }) else { return nil }
            records.append([UInt8](record))
        }
        return joined(records)
    }

    /// Each after its length in 4 bytes.
    private static func joined(_ records: [[UInt8]]) -> [UInt8] {
        records.reduce(into: []) { bytes, record in
            bytes += withUnsafeBytes(of: UInt32(record.count).littleEndian) { [UInt8]($0) } + record
        }
    }
}
