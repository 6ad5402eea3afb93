import CZeroMQ
import Glibc
internal import PenstockSystem

/// A request that libzmq makes of the handler: RFC 27, "1.0", request id, domain, address, identity, mechanism,
/// credentials.
struct ZAPRequest: Equatable {
    let domain: String
    let address: String
    /// nil for a mechanism other than CURVE, which is never admitted.
    let publicKey: [UInt8]?

    /// - Returns: nil if the frames are not a ZAP 1.0 request.
    init?(frames: [[UInt8]]) {
        guard frames.count >= 6, frames[0] == Array("1.0".utf8) else { return nil }
        domain = String(decoding: frames[2], as: UTF8.self)
        address = String(decoding: frames[3], as: UTF8.self)
        if frames[5] == Array("CURVE".utf8) {
            guard frames.count == 7, frames[6].count == CurveKeyPair.keyBytes else { return nil }
            publicKey = frames[6]
        } else {
            publicKey = nil
        }
    }
}

enum ZAPReply: Equatable {
    case admitted(userID: String)
    case refused
    /// libzmq drops the connection without a word, and the client connects again.
    case later
    case badRequest

    /// RFC 27: "1.0", request id, status code, status text, user id, metadata.
    func frames(requestID: [UInt8]) -> [[UInt8]] {
        let (status, text, userID) =
            switch self {
            case .admitted(let userID): ("200", "OK", userID)
            case .refused: ("400", "refused", "")
            case .later: ("300", "later", "")
            case .badRequest: ("500", "not a ZAP 1.0 request", "")
            }
        return [Array("1.0".utf8), requestID, Array(status.utf8), Array(text.utf8), Array(userID.utf8), []]
    }
}

/// Serves ZAP requests on its own thread until stopped.
final class ZAPHandler: Sendable {
    typealias Decide = @Sendable (ZAPRequest?) -> ZAPReply

    private let wake: WakeSignal
    private let thread: SystemThread

    /// The endpoint is bound when this returns, as it must be before a server socket binds.
    init(context: Context, decide: @escaping Decide) throws(TransportError) {
        guard let socket = zmq_socket(context.pointer, ZMQ_REP) else {
            throw ZMQ.failure("creating the ZAP socket", zmq_errno())
        }
        let handle = Handle(pointer: socket)
        do throws(TransportError) {
            var linger: Int32 = 0
            try ZMQ.check("configuring the ZAP socket") {
                zmq_setsockopt(socket, ZMQ_LINGER, &linger, MemoryLayout.size(ofValue: linger))
            }
            let bound = ZMQ.call { zmq_bind(socket, Self.endpoint) }
            guard bound.errno == 0 else { throw ZMQ.endpointFailure("binding", Self.endpoint, bound.errno) }
            do throws(SystemError) {
                let wake = try WakeSignal()
                self.wake = wake
                thread = try SystemThread(name: "penstock-zap") {
                    Self.serve(handle.pointer, wake: wake, decide: decide)
                }
            } catch {
                throw TransportError(error)
            }
        } catch {
            zmq_close(socket)
            throw error
        }
    }

    func stop() {
        wake.signal()
        thread.join()
    }

    static let endpoint = "inproc://zeromq.zap.01"

    /// zmq(7) lets a socket move between threads across a full memory barrier; starting the thread is one, and the
    /// thread that made the socket does not touch it again.
    private struct Handle: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private static func serve(_ socket: UnsafeMutableRawPointer, wake: WakeSignal, decide: Decide) {
        defer { zmq_close(socket) }
        var items = [
            zmq_pollitem_t(socket: socket, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0),
            zmq_pollitem_t(socket: nil, fd: wake.fileDescriptor, events: Int16(ZMQ_POLLIN), revents: 0),
        ]
        while true {
            let polled = ZMQ.call { zmq_poll(&items, Int32(items.count), -1) }
            if polled.errno == EINTR { continue }
            // A handler that is gone refuses everybody.
            guard polled.errno == 0, items[1].revents == 0 else { return }
            guard let frames = receive(socket) else { continue }
            let reply = decide(ZAPRequest(frames: frames))
            let answer = reply.frames(requestID: frames.count > 1 ? frames[1] : [])
            for (index, frame) in answer.enumerated() {
                zmq_send(socket, frame, frame.count, index < answer.count - 1 ? ZMQ_SNDMORE : 0)
            }
        }
    }

    private static func receive(_ socket: UnsafeMutableRawPointer) -> [[UInt8]]? {
        var frames: [[UInt8]] = []
        var message = zmq_msg_t()
        zmq_msg_init(&message)
        defer { zmq_msg_close(&message) }
        repeat {
            guard zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) >= 0 else { return nil }
            frames.append([UInt8](UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message))))
        } while zmq_msg_more(&message) != 0
        return frames
    }
}
