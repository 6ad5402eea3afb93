internal import NIOCore
internal import NIOSSL
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockIdentity
internal import PenstockSystem

/// One handshake of a door: its certificate, and what the client's proves.
enum TLSHandshake {
    static func handler(_ files: TLSFiles, _ channel: any Channel, _ connections: Connections) -> NIOSSLServerHandler {
        let material = files.material
        guard files.options.clients != .none else { return NIOSSLServerHandler(context: material.context) }
        return NIOSSLServerHandler(context: material.context) { shown, promise in
            do {
                let chain = try shown.prefix(IdentityLimits.chainLength + 1).map {
                    try Certificate(der: $0.toDERBytes())
                }
                let identity = try ClientIdentity(chain, trust: material.trust, at: Clocks.wall())
                connections.prove(channel, identity)
                promise.succeed(.certificateVerified)
            } catch {
                files.refused()
                promise.succeed(.failed)
            }
        }
    }
}
