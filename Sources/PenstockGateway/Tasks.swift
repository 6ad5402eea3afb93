internal import PenstockCore
internal import PenstockJSON

/// Tasks that the server goes on with after it has answered the call that began them.
struct Tasks: Sendable {
    private var ids: [RequestID] = []

    var isEmpty: Bool { ids.isEmpty }

    /// What an answer, or a notification, says of a task: its id, and whether it has ended.
    static func read(_ message: JSON) -> (id: RequestID, hasEnded: Bool)? {
        let result = message["result"] ?? message["params"] ?? .null
        let task = result["task"]?["taskId"] == nil ? result : result["task"]!
        guard let id = RequestID(task["taskId"]) else { return nil }
        return (id, ["completed", "failed", "cancelled"].contains(task["status"]?.text))
    }

    /// - Returns: one that is kept no longer: past the bound the oldest, or one whose id is too long to keep.
    mutating func began(_ id: RequestID) -> RequestID? {
        guard id.json.bytes.count <= GatewayLimits.taskIDBytes else { return id }
        guard !ids.contains(id) else { return nil }
        ids.append(id)
        return ids.count > GatewayLimits.tasks ? ids.removeFirst() : nil
    }

    mutating func ended(_ id: RequestID) { ids.removeAll { $0 == id } }

    mutating func takeAll() -> [RequestID] {
        defer { ids = [] }
        return ids
    }
}

extension GatewaySession {
    /// Notes what the server goes on with, or no longer.
    mutating func follow(_ answer: JSON, of entry: Entry) -> [Action] {
        guard let (id, hasEnded) = Tasks.read(answer) else { return [] }
        if hasEnded { tasks.ended(id) }
        // A task that is only asked about may be another's.
        guard !hasEnded, entry.call?.action.hasPrefix("tasks/") != true, let forgotten = tasks.began(id) else {
            return []
        }
        return [.note("a task of the server is cancelled: more than \(GatewayLimits.tasks) are under way")]
            + cancel(forgotten)
    }

    /// An answer that nobody waits for any more: nobody could end what it began.
    mutating func abandon(_ answer: JSON) -> [Action] {
        guard let (id, hasEnded) = Tasks.read(answer), !hasEnded else { return [] }
        return cancel(id)
    }

    mutating func cancelTasks() -> [Action] { tasks.takeAll().flatMap { cancel($0) } }

    private mutating func cancel(_ task: RequestID) -> [Action] {
        var id: RequestID
        repeat {
            cancelledTasks += 1
            id = RequestID(.string("penstock-\(cancelledTasks)"))!  // A string is an id.
        } while tickets[id] != nil || tombstones[id] != nil
        tombstones.insert(id, .none)
        let meta = protocolVersion.map { version -> JSON in
            .members([
                "io.modelcontextprotocol/protocolVersion": .string(version),
                "io.modelcontextprotocol/clientCapabilities": .object([]),
            ])
        }
        return [.toServer(Replies.message(id, "tasks/cancel", .members(["taskId": task.json, "_meta": meta])), nil)]
    }

    /// Since 2026-07-28 every request says it.
    mutating func noteVersion(_ params: JSON) {
        guard let version = params["_meta"]?["io.modelcontextprotocol/protocolVersion"]?.text, version.utf8.count <= 10,
            version.utf8.allSatisfy({ (48...57).contains($0) || $0 == 45 })
        else { return }
        protocolVersion = version
    }
}
