internal import PenstockCore

/// An event on its way to the ledger.
struct Submission {
    var event: Event
    /// Its signature does not verify.
    var isForged = false
}

/// What travels to the ledger; the shell's protobuf requests, without the bytes.
enum SimRequest {
    case submit(Submission)
    case join(NodeKeys, tokenHash: Digest)
    /// All else that nodes ask for.
    case node(NodeRequest)

    init(_ request: NodeRequest) {
        if case .submit(let event) = request {
            self = .submit(Submission(event: event.event))
        } else {
            self = .node(request)
        }
    }
}

/// What the ledger answers.
enum SimReply {
    case submitted(Position)
    /// Pushed by the ledger, in answer to nothing.
    case recalled([(grantID: String, unit: String)])
    case fetched(first: Position, count: Int, head: Position, SimLog)
    case snapshot(ViewImage, root: Digest, head: Position)
    case refused(Refusal)
    /// All else that nodes are answered.
    case node(NodeReply)
}

/// Who sent a request: a machine's process, or a person's command.
enum Sender: Hashable {
    case process(machine: Int, Incarnation)
    case command(Int)
}

/// A request as it arrives. It also stands for the way back to who sent it.
struct Inbound: Hashable {
    var sender: Sender
    /// By the channel.
    var name: String
    var id: UInt64
    var request: SimRequest

    static func == (a: Inbound, b: Inbound) -> Bool { a.sender == b.sender && a.id == b.id }

    func hash(into hasher: inout Hasher) {
        hasher.combine(sender)
        hasher.combine(id)
    }
}

/// Everything that can happen next.
enum Happening {
    case atLedger(Inbound, to: SimLog)
    case ledgerTurn(generation: Int)
    case committed(generation: Int)
    case ledgerTimer(generation: Int)
    case reply(machine: Int, Incarnation, id: UInt64, SimReply, from: SimLog)
    case logPage(machine: Int, Incarnation, SimLog, first: Position, count: Int, checkpoint: String?)
    case urgent(machine: Int, Incarnation, SimLog, Position)
    case tick(machine: Int, Incarnation)
    case answered(command: Int, SimReply)
    case retry(command: Int)
    case call(CallUnderWay)
    case endHold(machine: Int, Incarnation, decision: UInt64, share: Int)
    case leaves(Admission)
    case start(machine: Int)
    case startLedger(restored: Bool)
    case wake(machine: Int)
    case wakeLedger
    case heal(Link, kind: FaultKind)
    case healDisk(machine: Int)
    case healLedgerDisk
    case healLedgerClock
    case endSecondProcess
    case replaceJournal(machine: Int)
    case judgeRestore(count: Position)
    case act(Int)
    case workload
    case faults
}

/// A direction between a machine and the ledger.
struct Link: Hashable {
    var machine: Int
    var toLedger: Bool
}

/// A call that an agent makes, perhaps waiting for a slice.
struct CallUnderWay {
    var machine: Int
    var grant: Int
    var amounts: [Amount]
    var holds: Bool
    var callID: String
    var arrivedAt: Int64
    var givesUpAt: Int64
    /// The durable log's head when the call arrived.
    var headAtArrival: Position
    /// It has asked for an echo: if that is lost, the next comes by itself.
    var hasAsked = false
}

/// An allow on its way out of a process.
struct Admission {
    var machine: Int
    var incarnation: Incarnation
    var grant: Int
    var sequence: UInt64
    var amounts: [Amount]
    var applied: Position
    var isLinearizable: Bool
    var headAtArrival: Position
}
