internal import NIOCore
import PenstockCore
internal import PenstockIdentity
internal import PenstockSystem
internal import Synchronization

/// What clients' certificates have proven.
extension Connections {
    /// Counts the changes of whom to believe.
    var era: UInt64 { eras.load(ordering: .acquiring) }

    /// Returns whether the proof counts: not one of an earlier era, which no end of proofs would find any more.
    func prove(_ channel: any Channel, _ identity: ClientIdentity, in era: UInt64) -> Bool {
        var isKept = false
        change(channel) { connection in
            guard eras.load(ordering: .acquiring) == era else { return }
            (connection.client, isKept) = (identity, true)
        }
        return isKept
    }

    /// What a connection's client has proven, as long as its certificates are valid.
    func client(_ channel: any Channel) -> Presented {
        var presented = Presented(.zero)
        change(channel) { connection in
            guard let client = connection.client, Clocks.wall() < client.expiresAt else { return }
            (presented.certificate, presented.workload) = (client.certificate, client.workload)
        }
        return presented
    }

    /// Whom to believe has changed: whoever has shown a certificate shows it again, after the answer that is under way.
    func endProven() {
        eras.add(1, ordering: .acquiringAndReleasing)
        end { $0.client != nil && $0.activity != .asking && $0.activity != .answering }
        changeAll { if $0.client != nil { $0.isLast = true } }
    }
}
