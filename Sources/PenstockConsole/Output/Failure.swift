internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockNode

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
        Output.message((try? StrictJSON.text(Envelope(error: body), pretty: false)) ?? message)
    }

    /// The code that scripts read, a line for people, and the status to end with.
    static func describe(_ error: any Error) -> (code: String, message: String, exit: ExitCode) {
        guard let error = error as? any CodedError else {
            let message = printed(error)
            return ("failed", message + Surroundings.note(namedIn: message), Exit.local)
        }
        let (note, exit) =
            switch error.kind {
            case .refused: ("", Exit.refused)
            case .notFound: ("", Exit.notFound)
            case .unreachable: (Surroundings.note(), Exit.refused)
            case .unexpected: ("", Exit.local)
            case .connection: (Surroundings.note(), Exit.local)
            case .local: (Surroundings.note(namedIn: error.message), Exit.local)
            }
        return (error.codeName, error.message + note, exit)
    }
}
