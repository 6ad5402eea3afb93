internal import PenstockCore
internal import Synchronization

/// Who may connect, by channel key: what the ZAP handler's thread asks and the sequencer's thread keeps up to date.
final class Membership: Sendable {
    private let names = Mutex<[[UInt8]: String]>([:])

    /// Takes the view's members over. Returns whether somebody lost access by it.
    func update(_ members: some Collection<View.Member>) -> Bool {
        let now = Dictionary(
            members.filter(\.belongs).map { ($0.keys.channel, $0.keys.name) }, uniquingKeysWith: { first, _ in first })
        return names.withLock { names in
            let lost = names.keys.contains { now[$0] == nil }
            names = now
            return lost
        }
    }

    func name(channel key: [UInt8]) -> String? {
        names.withLock { $0[key] }
    }
}
