internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import PenstockJSON

extension DoorResponder {
    func answer(_ status: Int, _ json: JSON) -> Response {
        Response(
            status: Self.status(status), headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }

    /// With its phrase, which a bare number does not have.
    private static func status(_ code: Int) -> HTTPResponse.Status {
        known.first { $0.code == code } ?? .internalServerError
    }

    private static let known: [HTTPResponse.Status] = [
        .ok, .badRequest, .notFound, .methodNotAllowed, .conflict, .gone, .contentTooLarge, .unsupportedMediaType,
        .misdirectedRequest, .serviceUnavailable, .tooManyRequests, .unauthorized, .forbidden,
    ]

    func plain(_ status: Int, _ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: Self.status(status), headers: [.contentType: type],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    /// RFC 9457: without a `type` of its own, `title` is the phrase of the status.
    ///
    /// - Parameter members: what it says besides.
    static func problem(_ status: Int, _ detail: String, _ members: [JSON.Member] = []) -> Response {
        let status = Self.status(status)
        let json = JSON.object(
            [
                .init("type", .string("about:blank")), .init("title", .string(status.reasonPhrase)),
                .init("status", .integer(status.code)), .init("detail", .string(detail)),
            ] + members)
        return Response(
            status: status, headers: [.contentType: "application/problem+json"],
            body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }
}
