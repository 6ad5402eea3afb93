package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

extension Rate {
    /// Of any use: arithmetic on it cannot overflow.
    package init(_ proto: Penstock_V1_Rate) throws(WireError) {
        self.init(name: proto.name, unit: proto.unit, limit: proto.limit, periodMS: proto.periodMs, burst: proto.burst)
        if let problem { throw WireError(.malformed, problem) }
    }

    package var proto: Penstock_V1_Rate {
        .with {
            $0.name = name
            $0.unit = unit
            $0.limit = limit
            $0.periodMs = periodMS
            $0.burst = burst
        }
    }
}

extension NamedRate {
    package init(_ proto: Penstock_V1_RateCreated) throws(WireError) {
        self.init(try Rate(proto.rate), for: try Selector(proto.selector))
    }

    package var proto: Penstock_V1_RateCreated {
        .with {
            $0.rate = rate.proto
            $0.selector = selector.proto
        }
    }
}

extension RateStamp {
    init(_ proto: Penstock_V1_RateStamp) { self.init(epoch: proto.epoch, number: proto.number) }

    var proto: Penstock_V1_RateStamp {
        .with {
            $0.epoch = epoch
            $0.number = number
        }
    }
}

extension RateStatement {
    /// What a node says of itself is the ledger's to judge.
    package init(_ proto: Penstock_V1_RateStatement) {
        self.init(
            sequence: proto.sequence, seen: RateStamp(proto.seen),
            lines: proto.lines.map {
                Line(
                    id: $0.id, key: $0.grantID.isEmpty ? .named($0.name) : .grant($0.grantID, unit: $0.unit),
                    held: $0.held, asked: $0.asked,
                    largest: max(0, min($0.largest, Limits.amount)), refused: $0.refused, returned: $0.returned)
            })
    }

    package var proto: Penstock_V1_RateStatement {
        .with {
            $0.sequence = sequence
            $0.seen = seen.proto
            $0.lines = lines.map { line in
                .with {
                    $0.id = line.id
                    switch line.key {
                    case .named(let name): $0.name = name
                    case .grant(let id, let unit): ($0.grantID, $0.unit) = (id, unit)
                    }
                    ($0.held, $0.asked, $0.largest, $0.refused, $0.returned) = (
                        line.held, line.asked, line.largest, line.refused, line.returned
                    )
                }
            }
        }
    }
}

extension RateReply {
    package init(_ proto: Penstock_V1_RateReply) {
        self.init(
            stamp: RateStamp(proto.stamp), answers: proto.answers,
            lines: proto.lines.map { Line(id: $0.id, share: min(max(0, $0.share), Rate.whole), granted: $0.granted) })
    }

    package var proto: Penstock_V1_RateReply {
        .with {
            $0.stamp = stamp.proto
            $0.answers = answers
            $0.lines = lines.map { line in .with { ($0.id, $0.share, $0.granted) = (line.id, line.share, line.granted) }
            }
        }
    }
}
