internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockNode
internal import PenstockTransport

/// Exit statuses that scripts rely on.
enum Exit {
    static let local = ExitCode(1)
    static let refused = ExitCode(2)
    static let denied = ExitCode(3)
    static let notFound = ExitCode(4)
    static let partial = ExitCode(5)
    static let lifted = ExitCode(6)
    static let usage = ExitCode(64)
    /// As a shell says it of a program that ended by writing to a reader that had gone.
    static let readerGone = ExitCode(141)
}

/// Turns what a command throws into one line on standard error and an exit status.
enum Failure {
    private struct Envelope: Encodable {
        struct Body: Encodable {
            var code: String
            var message: String
            var requestId: String
        }
        var error: Body
    }

    static func run(_ format: OutputFormat, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            throw report(error, format)
        }
    }

    static func run(_ format: OutputFormat, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            throw report(error, format)
        }
    }

    private static func report(_ error: any Error, _ format: OutputFormat) -> any Error {
        if error is ExitCode || error is ValidationError || error is CleanExit { return error }
        var (code, message, exit) = describe(error)
        if let changes = Changes.text { message += "; what was done stands: \(changes)" }
        if format == .table { Output.message("penstock: \(Printable.text(message))") } else { json(code, message) }
        return exit
    }

    static func json(_ code: String, _ message: String) {
        let body = Envelope.Body(code: code, message: message, requestId: UUID().uuidString.lowercased())
        Output.message((try? Output.json(Envelope(error: body), pretty: false)) ?? message)
    }

    private static func describe(_ error: any Error) -> (String, String, ExitCode) {
        let message = printed(error)
        return switch error {
        case let error as Refusal: (error.code.rawValue, error.message, error.code == .notFound ? Exit.notFound : Exit.refused)
        case let error as NodeError:
            switch error.code {
            case .notFound: (error.code.rawValue, message, Exit.notFound)
            case .refused, .protocolError: (error.code.rawValue, message, Exit.local)
            case .unreachable: (error.code.rawValue, message + Surroundings.note(), Exit.refused)
            case .configuration, .identity: (error.code.rawValue, message + Surroundings.note(namedIn: message), Exit.local)
            }
        case is TransportError: ("transport", message + Surroundings.note(), Exit.local)
        default: ("failed", message + Surroundings.note(namedIn: message), Exit.local)
        }
    }
}
