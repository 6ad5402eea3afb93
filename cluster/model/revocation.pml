/*
 * Lease, echo, epoch, urgent lane and barrier: can a node admit what a revoke covers?
 *
 * One node, one ledger, one grant, one revoke. Two incarnations of the node may run at once, since a process that was
 * paused, cut off or copied may still decide; one that crashed takes no more steps. The ledger restarts once, and what
 * its old process had under way may still arrive. README.md says what is left out, and why that is sound.
 *
 * Time is the order of what it brings about. A lease has one event, "its time is over", max_staleness after its echo
 * was sent. B is longer than every lease, by drift and margin, so whoever waits B from some moment on learns one thing:
 * all leases that count from before that moment are over. `fenced` and `bound_passed` say this, and not how long it took.
 *
 * RAISE adds an event, LIVENESS a claim, WITNESS a report; every other switch but FENCE_FROM_DURABLE breaks one rule, where
 * the rule stands.
 */
#ifndef INCARNATIONS
#define INCARNATIONS 2
#endif
#ifndef ECHOES
#define ECHOES 2  /* 1 or 2 under way at once, of all incarnations together; each slot is used again without end */
#endif

mtype = { idle, sent, entered, answered, waiting, confirmed };  /* an echo */
mtype = { unopened, open, closed };                             /* the barrier */

typedef Echo {
    mtype phase = idle;
    bit sender;
    bit epoch;           /* of the ledger process that took it */
    unsigned head : 2;   /* what the answer says */
    unsigned age : 2;    /* 1: max_staleness has passed since it was sent; 2: the raised one too */
    bit raised;          /* sent on a view with the raise: its lease lasts until age 2 */
    bit early;           /* sent before the revoke was durable */
    bit uncounted;       /* by a fault: the ledger's table does not know of it */
}

typedef Incarnation {
    unsigned applied : 2;
    bit revoked;         /* the revoke is in its view, by the log or ahead of it by the urgent lane */
    bit epoch;           /* the newest that an answer has named */
    bit stopped;         /* for good, and the ledger was told */
    bit silent;          /* cut off or crashed, in the search for `settles` */
    bit pending;         /* the barrier waits for it */
    bit fault;           /* what a fault must remember */
}

Echo echo[ECHOES];
Incarnation node[2];

/* The log of record: its length, and the positions of three events; 0: not there yet. */
unsigned head : 2;
unsigned revoke : 2;
unsigned opened : 2;     /* epoch 1, by the restarted ledger */
unsigned raise : 2;      /* a longer max_staleness */

bit epoch;               /* of the ledger process that serves */
bit table;               /* of the process whose table and barrier are looked at */
bit table_raised;        /* the log had the raise when that process started */
bit inherited_pending;   /* the barrier waits for leases that an earlier process gave */
mtype barrier = unopened;
unsigned cache : 2;      /* by a fault: a head read earlier */

/* The claims: none of these comes about, and an open barrier settles (at the end of the file). */
bool admitted_after_closed, admitted_after_bound, renewed_in_older_epoch;

#ifdef WITNESS  /* says, once, that the search came by: a model that lost its behaviour would hold too */
#define witness(text) c_code { { static char said; if (!said) { said = 1; printf("reached: %s\n", text); } } }
#else
#define witness(text) skip
#endif
#if ECHOES == 1
#define any(P) P(0)
#define any_of(P, i) P(0, i)
#else
#define any(P) (P(0) || P(1))
#define any_of(P, i) (P(0, i) || P(1, i))
#endif

/* ---- Leases */

#define knows_raise(i) (raise > 0 && node[i].applied >= raise)
#ifdef SETTINGS_STRETCH_LEASES  /* how long a lease lasts is read from the view anew at each decision */
#define lasts(e, i) (echo[e].age <= knows_raise(i))
#define is_over(e) (echo[e].age == 2)
#else                           /* it lasts as long as the view said when the echo was sent */
#define lasts(e, i) true
#define is_over(e) (echo[e].age > echo[e].raised)
#endif
#define holds(e, i) (echo[e].phase == confirmed && echo[e].sender == i && lasts(e, i))
#define has_lease(i) (any_of(holds, i) && !node[i].stopped)
#define view_epoch(i) (opened > 0 && node[i].applied >= opened)

inline clear(e) {
    echo[e].phase = idle; echo[e].sender = 0; echo[e].epoch = 0; echo[e].head = 0;
    echo[e].age = 0; echo[e].raised = 0; echo[e].early = 0; echo[e].uncounted = 0
}

/* The lease counts from now, which no table of the ledger's has heard of. */
inline count_from_receipt(e) {
    echo[e].age = 0; echo[e].early = 0; echo[e].uncounted = 1
}

#ifdef GAP_IGNORED
#define is_reached(e, i) (echo[e].phase == waiting && echo[e].sender == i)
#else
#define is_reached(e, i) (echo[e].phase == waiting && echo[e].sender == i && echo[e].head <= node[i].applied)
#endif

/* Renews from the answers whose heads are applied. Lease.reached */
inline reach(i) {
    for (k : 0 .. ECHOES - 1) {
        if
        :: is_reached(k, i) && has_lease(i) -> witness("renewed"); confirm(k, i)
        :: is_reached(k, i) && !has_lease(i) -> witness("leased"); confirm(k, i)
        :: else
        fi
    }
    k = 0
}

inline confirm(e, i) {
    echo[e].phase = confirmed; echo[e].head = 0;
    renewed_in_older_epoch = view_epoch(i) < node[i].epoch;
    assert(!renewed_in_older_epoch)
}

/* Lease.received */
inline receive(e, i) {
    if
#ifndef OLD_EPOCH_ACCEPTED
    :: echo[e].epoch < node[i].epoch -> witness("dropped: old epoch"); clear(e)
#endif
    :: else ->
        if
        :: echo[e].epoch > node[i].epoch ->
            node[i].epoch = 1;
            for (k : 0 .. ECHOES - 1) {
                if
                :: echo[k].phase == waiting && echo[k].sender == i -> witness("waits no more: old epoch"); clear(k)
                :: else
                fi
            }
            k = 0
        :: else
        fi;
#ifdef LEASE_FROM_RECEIPT
        count_from_receipt(e);
#endif
        if
        :: is_over(e) -> witness("answered too late"); clear(e)
        :: else -> echo[e].phase = waiting; reach(i)
        fi
    fi
}

/* ---- The ledger's table */

#ifdef BOUND_TOO_SHORT
#define within(e, with_raise) false
#else
#define within(e, with_raise) (echo[e].age <= with_raise)
#endif
#ifdef FENCE_FROM_DURABLE  /* not a fault: an echo sent after the revoke was durable cannot renew without it */
#define must_pass(e) echo[e].early
#else
#define must_pass(e) true
#endif
#define in_table(e) (echo[e].phase != idle && echo[e].phase != sent && !echo[e].uncounted)
#define unfenced(e, i) (in_table(e) && echo[e].epoch == table && echo[e].sender == i && must_pass(e) && within(e, (raise > 0)))
#define inherited(e) (in_table(e) && echo[e].epoch < table && within(e, table_raised))
#define fenced(i) (!any_of(unfenced, i))
#ifdef LEASES_FORGOTTEN
#define inherited_fenced true
#else
#define inherited_fenced (!any(inherited))
#endif
#define unpassed(e) (echo[e].phase != idle && echo[e].early && within(e, (raise > 0)))
#define bound_passed (revoke > 0 && !any(unpassed))

/* A process starts: its table has every lease that one before it could have given. PresenceTable.started, Ledger.openBarrier */
inline start() {
    if
    :: barrier != closed ->
        table = 1; table_raised = (raise > 0);
        barrier = unopened; node[0].pending = 0; node[1].pending = 0; inherited_pending = 0
    :: else
    fi
}

/* ---- The processes */

#define hears(i) (!node[i].silent && !node[i].stopped)
#ifdef LOG_NEVER_FOLLOWED
#define follows(i) false
#else
#define follows(i) (!node[i].silent)
#endif
#define may_send(e, i) (echo[e].phase == idle && (e == 0 || echo[0].phase != idle) && hears(i))

inline send(e, i) {
    echo[e].phase = sent; echo[e].sender = i; echo[e].raised = knows_raise(i)
}

/* An echo, from its sending to the end of the lease that it gave. */
active [ECHOES] proctype Line() {
    byte e = _pid; byte k;
end:
    do
    :: atomic { may_send(e, 0) -> send(e, 0) }
#if INCARNATIONS == 2
    :: atomic { may_send(e, 1) -> send(e, 1) }
#endif

    /* The ledger enters it in its table before it begins to read the log for it. Ledger.register, Ledger.answer */
#ifdef ENTERED_AFTER_READ
    :: atomic { echo[e].phase == sent -> echo[e].phase = entered; echo[e].epoch = epoch; echo[e].head = head; echo[e].uncounted = 1 }
    :: atomic { echo[e].phase == entered && echo[e].epoch == epoch -> echo[e].phase = answered; echo[e].uncounted = 0 }
#else
    :: atomic { echo[e].phase == sent ->
        echo[e].phase = entered; echo[e].epoch = epoch;
#ifdef LEASES_COUNTED_BEFORE_OPENED
        echo[e].uncounted = (table > epoch);
#endif
        }
#ifdef READ_FROM_CACHE
    :: atomic { echo[e].phase == entered && echo[e].epoch == epoch -> echo[e].phase = answered; echo[e].head = cache }
#else
    :: atomic { echo[e].phase == entered && echo[e].epoch == epoch -> echo[e].phase = answered; echo[e].head = head }
#endif
#endif
#ifdef OLD_LEDGER_ANSWERS
    :: atomic { echo[e].phase == sent && epoch == 1 -> echo[e].phase = answered; echo[e].head = opened - 1; echo[e].uncounted = 1 }
#else
    :: atomic { echo[e].phase == entered && echo[e].epoch < epoch -> witness("the old ledger halts"); clear(e) }
#endif

    :: atomic { echo[e].phase == answered && hears(echo[e].sender) -> receive(e, echo[e].sender) }
#ifdef FORGOTTEN_NONCE_ACCEPTED
    :: atomic { echo[e].phase == answered -> echo[e].sender = 1 - echo[e].sender; count_from_receipt(e); receive(e, echo[e].sender) }
#else
    :: atomic { echo[e].phase == answered -> witness("dropped: unknown nonce"); clear(e) }  /* it came to another incarnation */
#endif
    :: atomic { echo[e].phase == sent || echo[e].phase == answered -> clear(e) }  /* lost */
    od
}

/* Time passes: for each echo by itself, since nothing depends on how much. */
active [ECHOES] proctype Clock() {
    byte e = _pid - ECHOES;
end:
    do
    :: atomic { echo[e].phase != idle && echo[e].age <= (raise > 0) ->
        echo[e].age++;
        if
        :: is_over(e) && echo[e].phase == confirmed -> witness("lease ran out"); clear(e)
        :: is_over(e) && echo[e].phase == waiting -> clear(e)
        :: !is_over(e) -> witness("raised lease lasts on")
        :: else -> echo[e].age = 2; echo[e].early = 0  /* still on its way, but all that it could give is over */
        fi }
    od
}

inline admit() {
    if
    :: revoke == 0 && node[i].epoch == 0 -> witness("admitted")
    :: revoke == 0 && node[i].epoch == 1 -> witness("admitted under the restarted ledger")
    :: revoke > 0 -> witness("admitted within the bound")
    fi;
    admitted_after_closed = (barrier == closed);
    assert(!admitted_after_closed);
    admitted_after_bound = bound_passed;
    assert(!admitted_after_bound)
}

active [INCARNATIONS] proctype Node() {
    byte i = _pid - 2 * ECHOES; byte k;
end:
    do
    /* The log, as it was published or fetched: never past a gap. Follower.apply */
    :: atomic { node[i].applied < head && follows(i) ->
        node[i].applied++;
        node[i].revoked = node[i].revoked || node[i].applied == revoke;
        reach(i) }
#ifdef GAP_SKIPPED
    :: atomic { node[i].applied + 1 < head ->
        node[i].applied = head;
        node[i].revoked = node[i].revoked || node[i].applied == revoke;
        reach(i) }
#endif

    /* The urgent lane; a position that was applied is ignored. Follower.receivedUrgent */
#ifdef URGENT_NOT_APPLIED
    :: atomic { node[i].applied < revoke && !node[i].fault && follows(i) -> node[i].fault = 1 }
#else
    :: atomic { node[i].applied < revoke && !node[i].revoked && follows(i) -> witness("ahead of the log"); node[i].revoked = 1 }
#endif
#ifdef VIEW_REBUILT_IN_PLACE
    :: atomic { node[i].applied > 0 -> node[i].applied = 0; node[i].revoked = 0 }
#endif

#ifndef LIVENESS
#if INCARNATIONS == 1
    :: atomic { !node[i].stopped -> node[i].stopped = 1 }
#ifdef END_SAID_EARLY
    :: atomic { !node[i].fault -> node[i].fault = 1 }
#endif
#endif
    /* A decision. The last look at revoke and lease is one step with the answer: both lie behind one lock. Enforcement.decide */
#ifdef REVOKE_NOT_LOOKED_AT_AGAIN
    :: atomic { has_lease(i) && !node[i].revoked && !node[i].fault -> node[i].fault = 1 }
    :: atomic { has_lease(i) && node[i].fault -> node[i].fault = 0; admit() }
#else
#ifdef LEASE_NOT_LOOKED_AT_AGAIN
    :: atomic { has_lease(i) && !node[i].revoked && !node[i].fault -> node[i].fault = 1 }
    :: atomic { !node[i].revoked && node[i].fault -> node[i].fault = 0; admit() }
#else
    :: atomic { has_lease(i) && !node[i].revoked -> admit() }
#endif
#endif
    :: atomic { has_lease(i) && node[i].revoked -> witness("denied: revoked") }
    :: atomic { !has_lease(i) && !node[i].revoked && node[i].applied > 0 -> witness("denied: stale view") }
#endif
    od
}

active proctype Ledger() {
    byte k;
end:
    do
    :: atomic { revoke == 0 ->
        head++; revoke = head;
        for (k : 0 .. ECHOES - 1) { echo[k].early = (echo[k].phase != idle && echo[k].age < 2) }
        k = 0 }
#ifdef RAISE
    :: atomic { raise == 0 -> head++; raise = head }
#endif

    /* A new process: its epoch is in the log first, so that no older process answers any more. Ledger.start */
#ifdef EPOCH_SERVED_BEFORE_OPENED
    :: atomic { epoch == 0 -> epoch = 1; start() }
    :: atomic { epoch == 1 && opened == 0 -> head++; opened = head }
#else
#ifdef LEASES_COUNTED_BEFORE_OPENED
    :: atomic { opened == 0 && table == 0 -> start() }
    :: atomic { opened == 0 && table == 1 -> head++; opened = head; epoch = 1 }
#else
    :: atomic { opened == 0 -> head++; opened = head; epoch = 1; start() }
#endif
#endif
    /* As before, but the barrier looked at is the one that the old process still has open. */
#ifdef ONE_TABLE_OF_SEVERAL
    :: atomic { opened == 0 -> head++; opened = head; epoch = 1 }
#else
    :: atomic { opened == 0 && barrier == open -> head++; opened = head; epoch = 1 }
#endif
#ifdef READ_FROM_CACHE
    :: atomic { cache < head -> cache++ }
#endif
    od
}

/* What an acknowledgement says stays true, so one that comes late tells no more than the state it was sent from. */
#ifdef ACK_BEFORE_APPLIED
#define acked(i) true
#else
#ifdef URGENT_NOT_APPLIED
#define acked(i) (node[i].revoked || node[i].fault)
#else
#ifdef ACK_BY_NAME
#define acked(i) (node[0].revoked || node[1].revoked)
#else
#define acked(i) node[i].revoked
#endif
#endif
#endif
#ifdef END_SAID_EARLY
#define ended(i) node[i].fault
#else
#define ended(i) node[i].stopped
#endif

#define all_settled (!node[0].pending && !node[1].pending && !inherited_pending)
#define close_if_settled(how) if :: all_settled -> witness(how); barrier = closed :: else fi

/* Barrier.step: each incarnation settles for itself, and stays settled. */
active proctype Barrier() {
end:
    do
    :: atomic { revoke > 0 && barrier == unopened ->
        barrier = open;
        node[0].pending = !fenced(0); node[1].pending = !fenced(1); inherited_pending = !inherited_fenced;
        close_if_settled("closed: nobody to wait for") }
    :: atomic { barrier == open && node[0].pending && acked(0) -> node[0].pending = 0; close_if_settled("closed: enforced") }
    :: atomic { barrier == open && node[0].pending && fenced(0) -> node[0].pending = 0; close_if_settled("closed: fenced") }
    :: atomic { barrier == open && inherited_pending && inherited_fenced -> inherited_pending = 0; close_if_settled("closed: an earlier ledger") }
#if INCARNATIONS == 2
    :: atomic { barrier == open && node[1].pending && acked(1) -> node[1].pending = 0; close_if_settled("closed: the second enforced") }
    :: atomic { barrier == open && node[1].pending && fenced(1) -> node[1].pending = 0; close_if_settled("closed: the second fenced") }
#else
    :: atomic { barrier == open && node[0].pending && ended(0) -> node[0].pending = 0; close_if_settled("closed: ended") }
#endif
    od
}

#ifdef LIVENESS
/* Whether the node falls silent or stops, and when, or never does. */
active proctype Fate() {
    if
    :: node[0].silent = 1
    :: node[0].stopped = 1
    :: skip
    fi
}

ltl settles { [] (barrier == open -> <> (barrier != open)) }
#endif
