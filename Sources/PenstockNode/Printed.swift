internal import Foundation
internal import Glibc

/// An error in words for people: no name of a library, a type or a case, and no more than one line. Whoever prints or
/// logs an error that may be anything prints this.
package func printed(_ error: any Error) -> String {
    let text: String
    switch error {
    case let error as DecodingError: text = decoding(error)
    case let error as POSIXError: text = String(cString: strerror(error.code.rawValue))
    case _ where error is CocoaError || error is URLError || type(of: error) == NSError.self:
        text = system(error as NSError)
    case is CancellationError: text = "it was given up"
    case let error as any CustomStringConvertible: text = error.description
    default: text = "this version has no words for it (\("\(error)".prefix(200)))"
    }
    return text.split(whereSeparator: \.isNewline).joined(separator: " ")
}

/// What Foundation makes of a failed system call.
private func system(_ error: NSError) -> String {
    if let inner = error.userInfo[NSUnderlyingErrorKey] as? any Error {
        if let posix = inner as? POSIXError { return String(cString: strerror(posix.code.rawValue)) }
        if (inner as NSError).domain == NSPOSIXErrorDomain {
            return String(cString: strerror(Int32((inner as NSError).code)))
        }
    }
    if error.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(error.code))) }
    return switch CocoaError.Code(rawValue: error.code) {
    case .fileNoSuchFile, .fileReadNoSuchFile: String(cString: strerror(ENOENT))
    case .fileReadNoPermission, .fileWriteNoPermission: String(cString: strerror(EACCES))
    case .fileWriteFileExists: String(cString: strerror(EEXIST))
    case .fileWriteOutOfSpace: String(cString: strerror(ENOSPC))
    case .fileWriteVolumeReadOnly: String(cString: strerror(EROFS))
    case .fileReadInvalidFileName, .fileWriteInvalidFileName: "no name for a file"
    case .fileReadInapplicableStringEncoding, .fileReadCorruptFile: "not text in UTF-8"
    default: "the system refused it (\(error.code))"
    }
}

private func decoding(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey], _ last: (any CodingKey)? = nil) -> String {
        (path + [last].compactMap(\.self)).map(\.stringValue).joined(separator: ".")
    }
    return switch error {
    case .keyNotFound(let key, let context): "member '\(place(context.codingPath, key))' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
        "member '\(place(context.codingPath))' is of a wrong type"
    case .dataCorrupted(let context) where context.codingPath.isEmpty: "it is no JSON"
    case .dataCorrupted(let context): "member '\(place(context.codingPath))' cannot be read"
    @unknown default: "it cannot be read"
    }
}
