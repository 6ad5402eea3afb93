internal import NIOCore
import PenstockCore
internal import PenstockIdentity
internal import PenstockSystem

/// What clients' certificates have proven.
extension Connections {
    func prove(_ channel: any Channel, _ identity: ClientIdentity) {
        change(channel) { $0.client = identity }
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
        end { $0.client != nil && $0.activity != .asking && $0.activity != .answering }
        changeAll { if $0.client != nil { $0.isLast = true } }
    }
}
