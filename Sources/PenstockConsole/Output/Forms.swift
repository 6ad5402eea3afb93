internal import ArgumentParser
internal import Foundation
internal import Synchronization

/// What is read from one argument, and how it is written, for whoever wrote it in another way.
protocol Formed: ExpressibleByArgument {
    static var forms: String { get }
    init?(reading text: String)
}

extension Formed {
    init?(argument: String) {
        guard let value = Self(reading: argument) else {
            Forms.refuse(argument, Self.forms)
            return nil
        }
        self = value
    }
}

/// The parser says that a value is invalid, and not what would be valid.
enum Forms {
    private static let refused = Mutex<(text: String, forms: String)?>(nil)

    static func refuse(_ text: String, _ forms: String) { refused.withLock { $0 = $0 ?? (text, forms) } }

    /// - Parameter message: the parser's, of one line.
    static func completed(_ message: String) -> String {
        guard message.range(of: "is invalid for '[^']*'$", options: .regularExpression) != nil else { return message }
        let forms = refused.withLock { $0.flatMap { message.contains("'\($0.text)'") ? $0.forms : nil } }
        return message + ": it is " + (forms ?? "a whole number, not negative")
    }
}
