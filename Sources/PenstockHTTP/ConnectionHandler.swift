internal import NIOCore

/// Tells `Connections` what happens on one of them, from the bytes as they come and go.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let connections: Connections

    init(_ connections: Connections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) { connections.opened(context.channel) }

    func channelInactive(context: ChannelHandlerContext) {
        connections.closed(context.channel)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { connections.gone(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connections.received(context.channel)
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        connections.writable(context.channel, context.channel.isWritable)
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        connections.sent(context.channel)
        context.write(data, promise: promise)
    }

    /// Puts a `ConnectionHandler` before all others, and TLS before it: where an application may add handlers, bytes
    /// are requests already.
    final class Installer: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = Any

        private let connections: Connections
        private let tls: TLSFiles?

        init(_ connections: Connections, _ tls: TLSFiles?) {
            self.connections = connections
            self.tls = tls
        }

        func handlerAdded(context: ChannelHandlerContext) {
            do {
                try context.pipeline.syncOperations.addHandler(ConnectionHandler(connections), position: .first)
                guard let tls else { return }
                try context.pipeline.syncOperations.addHandler(
                    TLSHandshake.handler(tls, context.channel, connections), position: .first)
            } catch {
                context.close(promise: nil)
            }
        }
    }
}
