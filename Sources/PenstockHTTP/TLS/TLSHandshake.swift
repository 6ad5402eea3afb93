internal import NIOCore
internal import NIOSSL
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockIdentity
internal import PenstockSystem

/// One handshake of a door: its certificate, and what the client's proves.
enum TLSHandshake {
    static func handler(_ files: TLSFiles, _ channel: any Channel, _ connections: Connections) -> NIOSSLServerHandler {
        let context = files.material.context
        guard files.options.clients != .none else { return NIOSSLServerHandler(context: context) }
        return NIOSSLServerHandler(context: context) { shown, promise in
            // Whom to believe is looked up now, and may change until the proof is kept.
            let era = connections.era
            do {
                let chain = try shown.prefix(IdentityLimits.chainLength + 1).map {
                    try Certificate(der: $0.toDERBytes())
                }
                let identity = try ClientIdentity(chain, trust: files.material.trust, at: Clocks.wall())
                promise.succeed(connections.prove(channel, identity, in: era) ? .certificateVerified : .failed)
            } catch {
                files.refused()
                promise.succeed(.failed)
            }
        }
    }
}
