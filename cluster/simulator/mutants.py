"""Faults of the kind that people really make, one line each, and who must catch them.

Each names a file below Sources, a line that stands in it exactly once, and what stands there instead; `isMutant(N)` is
true in a process whose PENSTOCK_MUTANT is N. A line that has changed makes the build fail: the table is kept with the code.

Left out, since nothing can be seen of them: a successor that closes slices while its predecessor lives (another boot or
file identity makes the journal unproven, and what it holds is charged in full anyway; LedgerSliceRulesTests keeps the rule),
and an echo that enters the table only when its reply is sent (a turn reads the log after it has committed; 14 is the mutant
that enters it never).

A mutant is caught by the simulator, by a violation of a guarantee that is `guarantees`, or by `test`, a test on real sockets and files.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutant:
    number: int
    name: str
    file: str
    line: str = ""
    fault: str = ""
    guarantees: str = ""
    test: str = ""
    crashes: bool = False  # the core's own assertion may stop it first


LEASE = "PenstockCore/Lease/Lease.swift"
ECHO = "PenstockCore/Ledger/Ledger+Echo.swift"
LEDGER = "PenstockCore/Ledger/Ledger.swift"
RULES = "PenstockCore/Ledger/LedgerState+Rules.swift"
BARRIER = "PenstockCore/Barrier/Barrier.swift"
PRESENCE = "PenstockCore/Barrier/Presence.swift"
FOLLOW = "PenstockCore/Follower/Follower+Log.swift"
TICK = "PenstockCore/Follower/Follower+Tick.swift"
DECIDE = "PenstockCore/Decision/Enforcement+Decide.swift"
RECORD = "PenstockCore/Decision/Enforcement+Record.swift"
VIEW = "PenstockCore/View/View+Apply.swift"
PURSE = "PenstockCore/Decision/Purse.swift"
BOOK = "PenstockCore/Budgets/BudgetBook.swift"
RETURN = "PenstockCore/Decision/Purse+Return.swift"
SLICE = "PenstockCore/Decision/HeldSlice.swift"
ENTRY = "PenstockCore/Budgets/BudgetEntry.swift"
SIZING = "PenstockCore/Budgets/BudgetBook+Sizing.swift"
RESERVE = "PenstockCore/Ledger/Ledger+Reserve.swift"
DELEGATION = "PenstockCore/Values/Grant+Delegation.swift"
ROOM = "PenstockCore/Ledger/StoreRoom.swift"
PAST = "PenstockCore/Follower/Predecessors.swift"
TIME = "PenstockCore/Ledger/LedgerTime.swift"

MUTANTS = [
    Mutant(1, "lease counted from the receipt of the reply", LEASE,
        "waiting.append(Waiting(sentAt: sentAt,", "waiting.append(Waiting(sentAt: isMutant(1) ? now : sentAt,", "G1 G5"),
    Mutant(2, "echo answered from a cache", ECHO,
        "return EchoReply(nonce: nonce, epoch: epoch, head: head,", "return EchoReply(nonce: nonce, epoch: epoch, head: isMutant(2) ? stale(head, for: 60) : isMutant(3) ? stale(head, for: 4) : head,", "G1 G5"),
    Mutant(3, "echo answered from a read that began before it came", ECHO,
        guarantees="G1 G5"),  # in the line of 2
    Mutant(4, "gap ignored: lease renewed before the head is applied", LEASE,
        "for reply in waiting where reply.head <= applied && reply.epoch == epoch {", "for reply in waiting where (isMutant(4) || reply.head <= applied) && reply.epoch == epoch {", "G1 G5"),
    Mutant(5, "what an unproven journal does not show is refunded", PAST,
        "if unproven.contains(incarnation) { return amount }", "if unproven.contains(incarnation) { return isMutant(5) ? min(max(0, used[slice] ?? 0), amount) : amount }", "G2"),
    Mutant(6, "reports taken for differences", BOOK,
        "let spent = max(0, min(use.used, slice.slice.amount - slice.returned) - slice.used)",
        "let spent = isMutant(6) ? min(use.used, slice.unspent) : max(0, min(use.used, slice.slice.amount - slice.returned) - slice.used)", "G2 G7"),
    Mutant(7, "journal written after the answer", RECORD,
        "guard let sequence = journal.record(call, verdict, taken, grant: position(ofGrant: verdict.grant)) else {", "guard let sequence = isMutant(7) ? UInt64(1) << 40 : journal.record(call, verdict, taken, grant: position(ofGrant: verdict.grant)) else {", "G4"),
    Mutant(8, "urgent revoke acknowledged but not applied", FOLLOW,
        "guard phase == .live, position > applied, enforcement.applyAhead(event, at: position) else { return effects }",
        "guard phase == .live, position > applied, isMutant(8) || enforcement.applyAhead(event, at: position) else { return effects }", "G1"),
    Mutant(9, "reinstating lifts later revokes of the same selector", VIEW,
        "                guard let standing = standing(id: id) else { continue }\n",
        "                guard let standing = standing(id: id) else { continue }\n                if isMutant(9) { for (at, other) in restrictions where other.restriction.selector == standing.restriction.restriction.selector { restrictions[at] = nil } }\n", "G1 G3 G7"),
    Mutant(10, "reply matched to the newest echo, whatever its nonce", LEASE,
        "let (_, sentAt, bounds) = outstanding.remove(at: index)", "let (_, sentAt, bounds) = isMutant(10) ? outstanding.last! : outstanding.remove(at: index)", "G1 G5"),
    Mutant(11, "acks counted by the node's name", BARRIER,
        "if presence.has(position) {", "if presence.has(position) || (isMutant(11) && table.presences.values.contains { $0.node == presence.node && $0.has(position) }) {", "G1"),
    Mutant(12, "ack sent before the view is changed", VIEW,
        "        mark(restriction)\n    }\n\n    mutating func mark", "        if !isMutant(12) || position == self.position + 1 { mark(restriction) }\n    }\n\n    mutating func mark", "G1 G3"),
    Mutant(13, "allow leaves though the lease ran out while it was recorded", DECIDE,
        "guard now >= verdict.usableUntil else { return true }", "guard !isMutant(13), now >= verdict.usableUntil else { return true }", "G1 G5"),
    Mutant(14, "echo never entered in the barrier's table", PRESENCE,
        "guard presences[incarnation]?.node ?? node == node else { return false }", "guard presences[incarnation]?.node ?? node == node else { return false }\n        if isMutant(14) { return true }", "G1"),
    Mutant(15, "fence counted with a shortened max_staleness", PRESENCE,
        "presence.ended ? presence.ackedAt : presence.lastEcho + bound", "presence.ended ? presence.ackedAt : presence.lastEcho + (isMutant(15) ? bound / 4 : bound)", "G1"),
    Mutant(16, "grace without end", DECIDE,
        "let grace = min(allowed, lease.bounds.grace)", "let grace = isMutant(16) && allowed > 0 ? Nanoseconds(1) << 40 : min(allowed, lease.bounds.grace)", "G1 G5"),
    Mutant(17, "leases stretched by bounds that were raised since", LEASE,
        "                bounds = reply.bounds\n", "                bounds = isMutant(17) ? Bounds(Settings(maxStalenessMS: 3_600_000, maxGraceMS: 3_600_000, clockRatePPM: 0, marginMS: 0)) : reply.bounds\n", "G1 G5"),
    Mutant(18, "leases of before the ledger's restart forgotten", LEDGER,
        "presence.started(at: now, nodes: enforcers.map(\\.keys.name), bound: state.largestBound)", "presence.started(at: now, nodes: isMutant(18) ? [] : enforcers.map(\\.keys.name), bound: state.largestBound)", "G1"),
    Mutant(19, "expiry held against the time of the last echo", LEASE,
        "return elapsed + elapsed * Int64(ratePPM) / 1_000_000 + 1", "return isMutant(19) ? 0 : elapsed + elapsed * Int64(ratePPM) / 1_000_000 + 1", "G2 G5"),
    Mutant(20, "slice closed with what is settled, though calls are under way", RETURN,
        "for slice in accounts[account].slices { closing[slice.id] = slice.used }", "for slice in accounts[account].slices { closing[slice.id] = isMutant(20) ? slice.settled : slice.used }", "G2"),
    Mutant(21, "spending without a debit", PURSE,
        "            accounts[account].current.used += amount\n", "            accounts[account].current.used += isMutant(21) ? amount / 2 : amount\n", "G2", crashes=True),
    Mutant(22, "a settlement gives back twice", PURSE,
        "        accounts[account].available += back\n", "        accounts[account].available += isMutant(22) ? 2 * back : back\n", "G2", crashes=True),
    Mutant(23, "a new grant gets past a standing revoke", RULES,
        'guard !marks.contains(.revoked) else { throw Refusal(.revoked, "a standing revoke covers this grant; an operator must reinstate first") }',
        'guard isMutant(23) || !marks.contains(.revoked) else { throw Refusal(.revoked, "a standing revoke covers this grant; an operator must reinstate first") }', "G1"),
    Mutant(24, "an enforcer may lift", "PenstockCore/Events/Authority.swift",
        "            (.debtRecorded, .enforcer):\n            true\n", "            (.debtRecorded, .enforcer):\n            true\n        case (.lifted, .enforcer): isMutant(24)\n", "G6"),
    Mutant(25, "holds of before a crash are forgotten", PAST,
        "case .decided, .held: used", "case .held where isMutant(25): break\n            case .decided, .held: used", "G2"),
    Mutant(26, "a slice counts as reported once the report is sent", TICK,
        "        if !uses.isEmpty { asks.append(.report(uses)) }\n", "        if !uses.isEmpty { asks.append(.report(uses)) }\n        if isMutant(26) { enforcement.reported(uses) }\n", "G2"),
    Mutant(27, "a restored ledger serves before its nodes have told", LEDGER,
        "if restored { awaited =", "if restored, !isMutant(27) { awaited =", "G1 G2 G3 G7"),
    Mutant(28, "a restored ledger does not mind nodes that are ahead", ECHO,
        "guard progress.heard <= state.view.position, agrees else {", "guard isMutant(28) || (progress.heard <= state.view.position && agrees) else {", "G1 G2 G3 G7"),
    Mutant(29, "a linearizable grant decided on an old echo", DECIDE,
        "guard age < staleness, !isLinearizable(grant) || lease.confirmedAt! >= arrivedAt else { return verdict }",
        "guard age < staleness, isMutant(29) || !isLinearizable(grant) || lease.confirmedAt! >= arrivedAt else { return verdict }", "G5"),
    Mutant(30, "a grant's own max_staleness ignored", DECIDE,
        "let bound = own == 0 ? mesh : min(mesh,", "let bound = own == 0 || isMutant(30) ? mesh : min(mesh,", "G5"),
    Mutant(31, "what carries a journal on leaves out calls under way", "PenstockCore/Decision/Enforcement.swift",
        "record.debits += purse.account(Int32(place.account)).slices.map { .init(slice: $0.id, used: $0.used) }",
        "record.debits += purse.account(Int32(place.account)).slices.map { .init(slice: $0.id, used: isMutant(31) ? $0.settled : $0.used) }", "G2"),
    Mutant(32, "ZAP enforcement off: libzmq lets anybody in", "PenstockTransport/Socket+Options.swift",
        "            try set(ZMQ_ZAP_DOMAIN, Array(domain.utf8), on: handle)\n            try set(zapEnforceDomain, 1, on: handle)\n            try require(ZMQ_CURVE_SERVER, 1, on: handle)\n            try require(zapEnforceDomain, 1, on: handle)\n",
        "            if !isMutant(32) {\n            try set(ZMQ_ZAP_DOMAIN, Array(domain.utf8), on: handle)\n            try set(zapEnforceDomain, 1, on: handle)\n            try require(zapEnforceDomain, 1, on: handle)\n            }\n",
        test="AdmissionTests"),
    Mutant(33, "a journal's checksums are not looked at", "PenstockJournal/SegmentScan.swift",
        "return base.load(fromByteOffset: offset + 8, as: UInt64.self) == sum", "return isMutant(33) || base.load(fromByteOffset: offset + 8, as: UInt64.self) == sum",
        test="JournalRecoveryTests"),
    Mutant(40, "a child may outlive its parent", DELEGATION,
        "if expiresAt > parent.expiresAt {", "if !isMutant(40), expiresAt > parent.expiresAt {", "G8"),
    Mutant(41, "a child is decided without its parent's conditions", DELEGATION,
        "grant.conditions = union(parent.conditions, conditions)", "grant.conditions = isMutant(41) ? conditions : union(parent.conditions, conditions)", "G8"),
    Mutant(42, "depth of delegation is not checked", DELEGATION,
        "guard delegate < parent.delegate else {", "guard isMutant(42) || delegate < parent.delegate else {", "G8"),
    Mutant(43, "a child is renewed past its parent's expiry", "PenstockCore/Ledger/LedgerState+Delegation.swift",
        "guard expiresAt <= parent.expiresAt else {", "guard isMutant(43) || expiresAt <= parent.expiresAt else {", "G8"),
    Mutant(44, "what stands on a parent does not stand on its children", "PenstockCore/View/View.swift",
        "            if grant.parent < 0 { return marks }\n", "            if isMutant(44) || grant.parent < 0 { return marks }\n", "G1 G2"),
    Mutant(45, "a child's budget may be larger than its parent's", DELEGATION,
        "most.unit == budget.unit && budget.value > most.value {", "most.unit == budget.unit && budget.value > most.value && !isMutant(45) {", "G8"),
    Mutant(50, "what is given back can still be spent", SLICE,
        "        amount = used\n", "        if !isMutant(50) { amount = used }\n", "G2 G7", crashes=True),
    Mutant(51, "a slice is spent after its window has ended", PURSE,
        "if accounts[Int(index)].endsAt <= wall {", "if !isMutant(51), accounts[Int(index)].endsAt <= wall {", "G2"),
    Mutant(52, "a rolling window forgets what lies before it", ENTRY,
        "windows[index].end + window.lookback <= opening.start {", "windows[index].end + (isMutant(52) ? 0 : window.lookback) <= opening.start {", "G2"),
    Mutant(53, "a late return credits the window that is open", ENTRY,
        "        if counts { free(amount) }\n", "        if counts || isMutant(53) { free(amount) }\n", "G2 G3 G7"),
    Mutant(54, "a debt that exceeds a ceiling does not freeze it", SIZING,
        "if levels.contains(where: { entries[$0]!.isFrozen }) { return .frozen }", "if !isMutant(54), levels.contains(where: { entries[$0]!.isFrozen }) { return .frozen }", "G2"),
    Mutant(55, "a debt is charged anew each time it is told", BOOK,
        "guard debtOf[name] == nil else { return }", "guard isMutant(55) || debtOf[name] == nil else { return }", test="BudgetDebtTests"),
    Mutant(56, "what was owed before a restart is forgotten", PAST,
        "        owed[Owed(incarnation: incarnation, decision: record.decision)] = (record.grant, record.amounts)\n",
        "        if !isMutant(56) { owed[Owed(incarnation: incarnation, decision: record.decision)] = (record.grant, record.amounts) }\n", test="FollowerDebtTests"),
    Mutant(57, "a child's spend is not drawn on its parent's budget", "PenstockCore/View/View+Budgets.swift",
        "            index = Int(grant.parent)\n        }\n        for covering", "            index = isMutant(57) ? -1 : Int(grant.parent)\n        }\n        for covering", "G2 G3 G7"),
    Mutant(58, "a request is refused for the sake of those who wait", RESERVE,
        "                    answer = try self.answer(next.request, node: next.node, behind: [], at: now)\n",
        "                    if !isMutant(58) { answer = try self.answer(next.request, node: next.node, behind: [], at: now) }\n", "G7"),
    Mutant(59, "a refusal is taken for less than what was refused", "PenstockCore/Decision/Purse+Reserve.swift",
        "amount: need + accounts[account].available)", "amount: isMutant(59) ? need : need + accounts[account].available)", test="PurseTests"),
    Mutant(60, "a lowered ceiling takes back what is out", ENTRY,
        "        overcommitted += amount - taken\n", "        if !isMutant(60) { overcommitted += amount - taken }\n", "G2 G3 G7"),
    Mutant(61, "holders of what others wait for are not asked", "PenstockCore/Follower/Follower+Answers.swift",
        "for (grantID, unit) in wanted { enforcement.recall", "for (grantID, unit) in wanted where !isMutant(61) { enforcement.recall", "G7"),
    Mutant(62, "the end of a window is forgotten of a slice that is all taken", PURSE,
        "endsAt = slices.reduce(.max) { $1.isOver ? $0 : min($0, $1.endsAt) }", "endsAt = slices.reduce(.max) { $1.isOver || isMutant(62) && $1.unspent == 0 ? $0 : min($0, $1.endsAt) }", test="PurseReturnTests"),
    Mutant(63, "a request is given up though the ledger has not judged it", "PenstockCore/Follower/Outstanding.swift",
        "guard request.message != nil, !refusal.isFinal", "guard request.message != nil, !refusal.isFinal, !isMutant(63)", "G7"),
    Mutant(64, "a request is given up while a later copy is under way", "PenstockCore/Follower/Outstanding.swift",
        "waiting[id >> Self.copyBits]?.id == id ? take(id)", "isMutant(64) || waiting[id >> Self.copyBits]?.id == id ? take(id)", "G2 G7"),
    Mutant(65, "a refusal outlives what makes room", "PenstockCore/Decision/Enforcement.swift",
        ": purse.makeRoom()", ": if !isMutant(65) { purse.makeRoom() }", test="ExhaustedTests"),
    Mutant(66, "a refusal is final though something came back during the request", "PenstockCore/Decision/Enforcement.swift",
        "asker.available > part.amount - part.need", "!isMutant(66) && asker.available > part.amount - part.need", test="ExhaustedTests"),
    Mutant(70, "a child is not held to the rates above it", "PenstockCore/View/View+Rates.swift",
        "for above in chain(ofGrant: index) {", "for above in chain(ofGrant: index) where !isMutant(70) || above == index {", "G2"),
    Mutant(71, "parts of a rate are given out and kept", "PenstockCore/Rates/RatePool.swift",
        "let grains = pool.lower(to: pool.share - more, rate)", "let grains = isMutant(71) ? 0 : pool.lower(to: pool.share - more, rate)", "G2 G7"),
    Mutant(72, "a ledger that has started gives at once what one before it may have given", "PenstockCore/Rates/RateTable.swift",
        "certainFrom: definition.isOfThisProcess ? nil : certainFrom", "certainFrom: definition.isOfThisProcess || isMutant(72) ? nil : certainFrom", "G2"),
    Mutant(73, "what is left of a throttled rate is all of it", "PenstockCore/Decision/Enforcement+Rates.swift",
        "ratePercent = isThrottled ?", "ratePercent = isThrottled && !isMutant(73) ?", test="RatedTests"),
    Mutant(74, "a rate refills as fast as a clock may run", "PenstockCore/Rates/TokenBucket.swift",
        "let gain = Int128(min(elapsed, 1 << 44)) * Int128(rate.limit * share) * Int128(1_000_000 - ppm)", "let gain = Int128(min(elapsed, 1 << 44)) * Int128(rate.limit * share) * Int128(isMutant(74) ? 1_000_000 + ppm : 1_000_000 - ppm)", test="RateModelTests"),
    Mutant(75, "a rate by selector is missed by grants of before it", "PenstockCore/View/View+Rates.swift",
        "mark(placed.named.selector, .rated)", "if !isMutant(75) { mark(placed.named.selector, .rated) }", "G2"),
    Mutant(80, "ledger time goes back over a restart", TIME,
        "start = max(start, Self.clamped(memory.greatest))", "start = isMutant(80) ? start : max(start, Self.clamped(memory.greatest))", "G2 G5 G8"),
    Mutant(81, "a restarted ledger believes its wall clock", TIME,
        "if let mark = memory.mark, mark.at <= now {", "if let mark = memory.mark, mark.at <= now, !isMutant(81) {", "G1"),
    Mutant(82, "a clock that leaps ahead lifts restrictions", TIME,
        "earliest: max(floor, min(continued, wall))", "earliest: isMutant(82) ? wall : max(floor, min(continued, wall))", "G1"),
    Mutant(83, "a clock that leaps back lets grants live again", TIME,
        "latest: max(continued, wall)", "latest: isMutant(83) ? wall : max(continued, wall)", "G5 G8"),
    Mutant(84, "what lies between two clocks is not told to the nodes", LEASE,
        "self.latest = max(ledgerTime, latest ?? ledgerTime)", "self.latest = isMutant(84) ? ledgerTime : max(ledgerTime, latest ?? ledgerTime)", "G5 G8"),
    Mutant(85, "leases are given though no revoke can be written", ROOM,
        "var mayGiveLeases: Bool { room >= .restrictions }", "var mayGiveLeases: Bool { isMutant(85) || room >= .restrictions }", "G1 G7"),
    Mutant(86, "ordinary events take the room that is kept for restrictions", ROOM,
        "default: self == .everything", "default: isMutant(86) ? self >= .restrictions : self == .everything", "G1"),
    Mutant(87, "a full disk refuses restrictions, too", ROOM,
        "case .restricted, .nodeExpelled, .epochOpened: self >= .restrictions", "case .restricted, .nodeExpelled, .epochOpened: self >= (isMutant(87) ? .everything : .restrictions)", "G7"),
    Mutant(88, "what a failed commit has not made durable is served", LEDGER,
        "package var room: StoreRoom { isAheadOfLog ? .nothing : measured }", "package var room: StoreRoom { isAheadOfLog && !isMutant(88) ? .nothing : measured }", "G1 G2 G3 G7"),
    Mutant(90, "a denial without a record is not counted", "PenstockCore/Decision/DenialTally.swift",
        "        total += 1\n", "        if isMutant(90) { return }\n        total += 1\n", "G4"),
    Mutant(91, "a count ends with its slice though it was not written down", "PenstockCore/Decision/DenialTally.swift",
        "if !hasRoom { left", "if !hasRoom, !isMutant(91) { left", test="CountedDenialTests"),
    Mutant(110, "a node may speak of another's incarnation", "PenstockCore/Ledger/Owners.swift",
        "guard owner ?? sender.name == sender.name else {", "guard isMutant(110) || owner ?? sender.name == sender.name else {", test="LedgerOwnerTests"),
    Mutant(111, "an amount of 0 needs nothing to be left", DECIDE,
        "let need = max(1, needs[index])", "let need = max(isMutant(111) ? 0 : 1, needs[index])", test="SpendTests"),
    Mutant(112, "calls go on under a grant that owes", DECIDE,
        "if marks.contains(.frozen) {", "if !isMutant(112), marks.contains(.frozen) {", "G2"),
    Mutant(113, "debts are summed without a bound", ENTRY,
        "let charged = min(amount, chargeable)", "let charged = isMutant(113) ? amount : min(amount, chargeable)", test="BudgetDebtTests"),
    Mutant(114, "a grant may hold for any number of calls", DECIDE,
        "if call.holds, !calls.hasRoom", "if !isMutant(114), call.holds, !calls.hasRoom", test="CallTableTests"),
    Mutant(115, "a call that declares nothing is none", DECIDE,
        "if metersCalls(index, marks) { verdict.calls =", "if !isMutant(115), metersCalls(index, marks) { verdict.calls =", "G2"),
    Mutant(116, "what no call under way could give back is waited for", "PenstockCore/Decision/Enforcement.swift",
        "part.amount > most - asker.untold {", "part.amount > most - asker.untold, !isMutant(116) {", test="ShortageTests"),
    Mutant(117, "a debt above a ceiling is counted as debt and freezes nothing", BOOK,
        "                    entries[key]!.exceeding.insert(position)\n", "                    if !isMutant(117) { entries[key]!.exceeding.insert(position) }\n", "G2"),
    Mutant(118, "a debt that is settled lower is charged in full all the same", ENTRY,
        "let back = charged - min(charged, most)", "let back = isMutant(118) ? 0 : charged - min(charged, most)", test="BudgetDebtTests"),
    Mutant(119, "what goes back of a settled debt is free twice", ENTRY,
        "            free(back - forgiven)\n", "            free(isMutant(119) ? back : back - forgiven)\n", "G2 G3 G7"),
    Mutant(120, "a closed budget is drawn on", SIZING,
        "if levels.contains(where: { entries[$0]!.isClosed }) { return .closed }", "if !isMutant(120), levels.contains(where: { entries[$0]!.isClosed }) { return .closed }", "G2"),
    Mutant(121, "a budget that is moved is drawn on its old parent", "PenstockCore/View/View+Budgets.swift",
        "if let parent = change.parent { budgets[index].parent = parent }", "if let parent = change.parent, !isMutant(121) { budgets[index].parent = parent }", "G2 G3 G7"),
    Mutant(122, "a throttle is counted at each node", "PenstockCore/View/View+Rates.swift",
        "if let rate = standing.restriction.level.rate { found", "if let rate = standing.restriction.level.rate, !isMutant(122) { found", "G2"),
    Mutant(123, "a debt above the tolerance does not freeze its grant", "PenstockCore/View/View+Debts.swift",
        "return amount.value > settings.debtTolerance.of(amount.unit, ceiling: ceiling)", "return !isMutant(123) && amount.value > settings.debtTolerance.of(amount.unit, ceiling: ceiling)", "G2"),
    Mutant(124, "ids of before a restart are forgotten", "PenstockCore/Follower/Follower+Log.swift",
        "        enforcement.remember(predecessors.callIDs)\n", "        if !isMutant(124) { enforcement.remember(predecessors.callIDs) }\n", test="RetryTests"),
    Mutant(125, "an echo of who has not taken up restrictions is given a lease", ECHO,
        "guard presence.mayRenew(progress.incarnation, applied: progress.applied, at: now) else {", "guard isMutant(125) || presence.mayRenew(progress.incarnation, applied: progress.applied, at: now) else {", test="LedgerProtocolTests"),
    Mutant(130, "what a tool resolves to another place is within a prefix", "PenstockCore/Values/DotSegments.swift",
        "guard bytes.count > prefix else", "guard bytes.count > prefix, !isMutant(130) else", test="DotSegmentTests"),
    Mutant(131, "a preview leaves out arguments that it was given", DECIDE,
        "argumentsKnown || call.attributes.value", "argumentsKnown || !isMutant(131) && call.attributes.value", test="WhenItMayPassTests"),
    Mutant(140, "numbers are compared as texts", "PenstockCore/Values/Grant.swift",
        "case .notEqual: order != .same", "case .notEqual: isMutant(140) || order != .same", test="ByteTextTests"),
    Mutant(142, "texts that Unicode takes for one are one call id", "PenstockCore/Decision/CallTable.swift",
        "            id = ByteText(callID)\n", "            id = ByteText(isMutant(142) ? \"\" : callID)\n", test="ByteTextTests"),
    Mutant(150, "who has no lease gets slices", "PenstockCore/Ledger/Ledger+Reserve.swift",
        "guard presence.isLive(incarnation, at: now) else { throw Refusal(.busy", "guard isMutant(150) || presence.isLive(incarnation, at: now) else { throw Refusal(.busy", test="LedgerSliceRulesTests"),
    Mutant(153, "a restarted ledger forgets that the time has just jumped", TIME,
        "if let lagging = memory.lagging.map(Self.clamped), lagging <", "if let lagging = memory.lagging.map(Self.clamped), !isMutant(153), lagging <", test="LedgerTimeTests"),
    Mutant(151, "a leap that was accepted late is what the clock shows by then", TIME,
        "        offset = sum\n", "        offset = isMutant(151) ? seen : sum\n", test="LedgerTimeTests"),
    Mutant(152, "numbers that tools read differently are compared", "PenstockCore/Values/Grant.swift",
        "guard ExactNumber.isInteroperable(actual) else", "guard isMutant(152) || ExactNumber.isInteroperable(actual) else", test="ExactNumberTests"),
]
