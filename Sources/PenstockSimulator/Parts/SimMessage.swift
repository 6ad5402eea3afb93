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
    case reserve(SliceRequest)
    case echo(NodeProgress, nonce: UInt64, RateStatement, root: UInt64)
    case ack(NodeProgress, root: UInt64)
    case fetch(from: Position)
    case snapshot
    case openSlices
    case join(NodeKeys, tokenHash: Digest)
}

/// What the ledger answers.
enum SimReply {
    case submitted(Position)
    case echo(EchoReply)
    case reserved([Purse.Granted], refused: [SliceAnswer.Refused])
    /// Pushed by the ledger, in answer to nothing.
    case recalled([(grantID: String, unit: String)])
    case fetched(first: Position, count: Int, head: Position, SimLog)
    case snapshot(ViewImage, root: UInt64, head: Position)
    case openSlices([Follower.HeldSlice])
    case refused(Refusal)
}

/// Who sent a request: a machine's process, or a person's command.
enum Sender {
    case process(machine: Int, Incarnation)
    case command(Int)
}

struct Inbound {
    var sender: Sender
    /// By the channel.
    var name: String
    var id: UInt64
    var request: SimRequest
}

/// Everything that can happen next.
enum Happening {
    case atLedger(Inbound, to: SimLog)
    case ledgerTurn(generation: Int)
    case committed(generation: Int)
    case ledgerTimer(generation: Int)
    case reply(machine: Int, Incarnation, id: UInt64, SimReply, from: SimLog)
    case logPage(machine: Int, Incarnation, SimLog, first: Position, count: Int)
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
