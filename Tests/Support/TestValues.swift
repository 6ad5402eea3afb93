internal import Foundation
package import Logging
package import PenstockCore
package import PenstockHTTP

/// Not SHA-256, but as good for telling texts apart: FNV-1a in four lanes.
package func fakeHash(_ bytes: [UInt8]) -> Digest {
    var out: [UInt8] = []
    for lane in UInt64(1)...4 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ lane
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        out += (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) }
    }
    return Digest(out)!
}

package let testHashing = Hashing(
    hash: fakeHash, credentialDigest: { $0.hasPrefix("pst_") ? fakeHash(Array($0.utf8)) : nil })
package let testCredential = "pst_c3VjaCBhIHNlY3JldA"
package let testDigest = fakeHash(Array(testCredential.utf8))

package let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Waits for what another thread does; false after five seconds.
package func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<500 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return condition()
}

package func temporaryFolder() -> String {
    let path = NSTemporaryDirectory() + "penstock-" + UUID().uuidString.prefix(8)
    // Without it no test can run.
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}
