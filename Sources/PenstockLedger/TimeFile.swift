internal import Foundation
internal import Glibc
internal import PenstockCore
internal import PenstockCrypto

/// What time the ledger said it was, at which instant of which boot: a small file beside the log, written over in place
/// a few times a second. A process that is started again under the same boot goes on from it by the continuous clock,
/// so that a wall clock that was set in between is noticed to the millisecond.
///
/// It is never synced: after a power loss the log says what it can, and a file that is torn or missing says nothing.
final class TimeFile {
    private let path: String
    private let boot: String
    private let descriptor: CInt

    init(_ folder: String) {
        path = folder + "/time"
        boot =
            (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)).map {
                $0.filter(\.isHexDigit)
            } ?? ""
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// - Parameter greatest: what the log carries.
    func memory(greatest: WallTime) -> LedgerTime.Memory {
        let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n").map(String.init) ?? []
        guard lines.count >= 5, lines[4] == Self.check(lines[..<4]), let at = Instant(lines[1]),
            let time = WallTime(lines[2])
        else {
            return LedgerTime.Memory(greatest: greatest)
        }
        let isSameBoot = !boot.isEmpty && lines[0] == boot
        let behind = lines[3].split(separator: " ").map { WallTime($0) }
        return LedgerTime.Memory(
            greatest: max(greatest, time), stopped: behind.first ?? nil, lagging: behind.count > 1 ? behind[1] : nil,
            mark: isSameBoot ? LedgerTime.Mark(at: at, time: time) : nil)
    }

    /// Returns whether it is written.
    func write(_ time: LedgerTime, at now: Instant) -> Bool {
        let behind = [time.stopped(at: now), time.lagging(at: now)].map { $0.map { "\($0)" } ?? "-" }
        let lines = [boot, "\(now)", "\(time.reading(at: now).continued)", behind.joined(separator: " ")]
        let text = (lines + [Self.check(lines[...])]).joined(separator: "\n") + "\n"
        // Whatever was there before is covered: one write, within a page.
        let bytes = Array(text.utf8) + [UInt8](repeating: UInt8(ascii: "\n"), count: max(0, 256 - text.utf8.count))
        return descriptor >= 0 && pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
    }

    private static func check(_ lines: ArraySlice<String>) -> String {
        SHA256.hash("penstock time 1\n" + lines.joined(separator: "\n")).hex
    }
}
