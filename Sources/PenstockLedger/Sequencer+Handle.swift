internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockTransport
internal import PenstockWire

extension Sequencer {
    struct Incoming {
        var route: RoutingID
        var sender: NodeKeys
        var id: UInt64
    }

    /// One turn over what has arrived: writes first, in one commit; then echoes, from a read of the log that begins
    /// after they came; then the rest.
    func handle(_ inbox: [InboundMessage]) {
        var batch = Batch()
        var echoes: [EchoTurn] = []
        var queries: [(Incoming, Request.OneOf_Kind)] = []
        var submissions = 0
        for message in inbox {
            guard let route = message.route, let name = message.userID, let sender = ledger.state.view.member(name) else {
                count("refused_strangers")
                continue
            }
            let request: Request
            do {
                request = try Request(bytes: message.payload)
            } catch {
                count("refused_\(error.code.rawValue)")
                send(Reply(id: 0, .refused(Refusal(error).proto)), to: route)
                continue
            }
            let incoming = Incoming(route: route, sender: sender, id: request.id)
            count("received_\(request.kind!.name)")
            switch request.kind! {
            case .submit(let submit):
                submissions += 1
                if submissions > Limits.submissionsPerTurn { refuse(incoming, busy) } else { take(submit, incoming, &batch) }
            case .reserve(let reserve):
                submissions += 1
                if submissions > Limits.submissionsPerTurn { refuse(incoming, busy) } else { take(reserve, incoming, &batch) }
            case .echo(let echo):
                if let turn = register(echo, incoming) { echoes.append(turn) }
            case .ack(let ack): take(ack, incoming)
            case let kind: queries.append((incoming, kind))
            }
        }
        try? sayEpoch(&batch)
        serveWaiting(&batch)
        warn(&batch)
        _ = commit(&batch)
        recall(at: Clocks.now())
        answer(echoes)
        for (incoming, kind) in queries { answer(kind, incoming) }
    }

    private var busy: Refusal { Refusal(.busy, "the ledger has more than it can take up at once", retryAfterMS: 50) }

    func refuse(_ incoming: Incoming, _ refusal: Refusal) {
        count("refused_\(refusal.code.rawValue)")
        send(Reply(id: incoming.id, .refused(refusal.proto)), to: incoming.route)
    }
}
