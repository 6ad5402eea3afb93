internal import PenstockProto

extension StatusView {
    /// The file system of the ledger's log: see DiskStatus in penstock.proto.
    struct Disk: Encodable {
        var freeBytes: UInt64
        var reserveBytes: UInt64
        var state: String
        var logBytes: UInt64
        var logBytesADay: UInt64
        var decisionBytes: UInt64
        var decisionBytesADay: UInt64
        /// Absent where nothing grows.
        var daysLeft: UInt32?

        init(_ proto: Penstock_V1_DiskStatus) {
            freeBytes = proto.freeBytes
            reserveBytes = proto.reserveBytes
            state = Self.name(proto.state)
            logBytes = proto.logBytes
            logBytesADay = proto.logBytesADay
            decisionBytes = proto.decisionBytes
            decisionBytesADay = proto.decisionBytesADay
            daysLeft = proto.hasDaysLeft ? proto.daysLeft : nil
        }

        private static func name(_ state: Penstock_V1_DiskStatus.State) -> String {
            switch state {
            case .room: "room"
            case .restrictionsOnly: "restrictions_only"
            case .nothing: "nothing"
            case .unspecified, .UNRECOGNIZED: "unknown"
            }
        }

        /// For people.
        var line: String {
            let left = daysLeft.map { "; \($0) days left on the disk" } ?? ""
            return
                "log \(Self.size(logBytes)), \(Self.size(logBytesADay)) a day; decisions \(Self.size(decisionBytes)), "
                + "\(Self.size(decisionBytesADay)) a day\(left)"
        }

        private static func size(_ bytes: UInt64) -> String {
            bytes < 10 << 20 ? "\((bytes + 1023) >> 10) KiB" : "\(bytes >> 20) MiB"
        }
    }
}
