internal import NIOCore
internal import NIOHTTP1

enum DoorClientError: Error {
    /// An answer that no Penstock gives.
    case tooLong
    /// More of a stream has come than its reader took.
    case unread
    /// Nothing came for too long.
    case silent
    case closed
}

/// A question that is under way on a connection, and where its answer goes.
struct DoorExchange: Sendable {
    enum Sink: Sendable {
        case whole(EventLoopPromise<DoorClient.Answer>)
        /// The status comes before the chunks.
        case stream(EventLoopPromise<Int>, DoorClient.Chunks.Continuation)

        func fail(_ error: any Error) {
            switch self {
            case .whole(let promise): promise.fail(error)
            case .stream(let status, let continuation):
                status.fail(error)
                continuation.finish(throwing: error)
            }
        }
    }

    var head: HTTPRequestHead
    var body: ByteBuffer?
    var sink: Sink
}

/// Carries one exchange after another over a connection, which it closes as soon as one goes wrong.
final class DoorExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = DoorExchange
    typealias OutboundOut = HTTPClientRequestPart

    private var sink: DoorExchange.Sink?
    private var status = 0
    private var body = ByteBuffer()
    private var isKept = true

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        (sink, body) = (exchange.sink, ByteBuffer())
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        if let body = exchange.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            (status, isKept) = (Int(head.status.code), head.isKeepAlive)
            if case .stream(let status, _)? = sink { status.succeed(self.status) }
        case .body(let chunk): take(chunk, context)
        case .end: end(context)
        }
    }

    private func take(_ chunk: ByteBuffer, _ context: ChannelHandlerContext) {
        switch sink {
        case .whole?:
            guard body.readableBytes + chunk.readableBytes <= HTTPLimits.answerBytes else {
                return fail(context, DoorClientError.tooLong)
            }
            body.writeImmutableBuffer(chunk)
        case .stream(_, let continuation)?:
            guard case .enqueued = continuation.yield(chunk) else { return fail(context, DoorClientError.unread) }
        case nil: context.close(promise: nil)
        }
    }

    /// Closed before the answer is told: whoever hears it may ask again on this connection.
    private func end(_ context: ChannelHandlerContext) {
        let ended = sink
        sink = nil
        switch ended {
        case .whole(let promise)?:
            if !isKept { context.close(promise: nil) }
            promise.succeed(DoorClient.Answer(status: status, body: Array(buffer: body)))
        case .stream(_, let continuation)?:
            continuation.finish()
            context.close(promise: nil)
        case nil: context.close(promise: nil)
        }
    }

    private func fail(_ context: ChannelHandlerContext, _ error: any Error) {
        let failed = sink
        sink = nil
        context.close(promise: nil)
        failed?.fail(error)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(context, error) }

    func channelInactive(context: ChannelHandlerContext) {
        fail(context, DoorClientError.closed)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { fail(context, DoorClientError.silent) }
    }
}
