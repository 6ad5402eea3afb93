internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import Synchronization

/// What a command has changed so far. Where it fails afterwards, such as by a full disk under its output, whoever
/// started it must not go away thinking that nothing was done.
enum Changes {
    private static let made = Mutex<[String]>([])

    /// - Parameter what: what stands now, with the name by which it is found again.
    static func add(_ what: String) { made.withLock { $0.append(what) } }

    /// What stands, in one line; nil where nothing was changed.
    static var text: String? {
        made.withLock { made in
            guard let last = made.last else { return nil }
            return made.count == 1 ? last : "\(last), and \(made.count - 1) changes before it"
        }
    }
}

extension LedgerClient {
    /// Submits an event, and remembers that it stands.
    func change(_ kind: EventKind) throws -> Penstock_V1_Submitted {
        let submitted = try submit(kind).0
        Changes.add(kind, submitted)
        return submitted
    }
}

extension Changes {
    static func add(_ kind: EventKind, _ submitted: Penstock_V1_Submitted) {
        add(
            """
            \(kind.name.rawValue) (\(EventView.describe(kind))) at position \(submitted.position), event \
            \(Hex.encode(submitted.eventID))
            """
        )
    }
}
