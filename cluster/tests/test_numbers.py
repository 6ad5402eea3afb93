"""Every number, amount and length of time on the command line, at the ends of what can be written: refused or done, never a trap."""

import pytest

from harness import Mesh, penstock

DURATIONS = ["0s", "200000d", "4294967295d", "9223372036854775807ms", "9223372036854775807d", "-1s", "nans", "1s\n", ""]
NUMBERS = ["0", "-1", "-9223372036854775808", "4294967296", "9223372036854775807", "18446744073709551615", "9" * 40, "nan", "1e300", ""]
AMOUNTS = [f"calls={number}" for number in NUMBERS[1:8]] + ["=1", "calls=1=1"]
RATES = [*(f"{number}/1s" for number in NUMBERS[:8]), *(f"1/{duration}" for duration in DURATIONS), *(f"9223372036854775807/{duration}" for duration in DURATIONS[1:4])]
BURSTS = [f"5/1s,burst={number}" for number in NUMBERS[:7]]
CURSORS = [f"{way}{row}.{sequence}" for way in "ab" for row in ("0", "-9223372036854775808", "9223372036854775807") for sequence in ("0", "18446744073709551615")]

ISSUE = ["grant", "issue", "--agent", "a", "--allow", "*", "--resource", "tool:*"]
#: The command that is whole but for the option, the option, and what it is given.
OPTIONS = [
    *[([command, "--agent", "nobody", *more], option, DURATIONS) for command, more in (("revoke", []), ("suspend", []), ("throttle", ["--rate", "10/1s"])) for option in ("--timeout", "--for")],
    (["throttle", "--agent", "nobody"], "--to", NUMBERS), (["throttle", "--agent", "nobody"], "--rate", RATES),
    *[(ISSUE, option, DURATIONS) for option in ("--ttl", "--renewable", "--max-staleness", "--grace")],
    *[(ISSUE, option, AMOUNTS) for option in ("--budget", "--max-amount")], (ISSUE, "--rate", [f"calls={rate}" for rate in RATES + BURSTS]), (ISSUE, "--delegate", NUMBERS),
    (["grant", "renew", "grt_none"], "--ttl", DURATIONS),
    *[(["budget", "create", "b", "--unit", "calls", "--ceiling", "1"], option, NUMBERS) for option in ("--ceiling", "--max-out", "--warn-at")],
    (["budget", "create", "w", "--unit", "calls", "--ceiling", "1"], "--window", DURATIONS + ["rolling:" + duration for duration in DURATIONS]),
    (["budget", "set-ceiling", "b"], None, NUMBERS), (["budget", "accept-debt"], None, NUMBERS), (["budget", "accept-debt", "1"], "--amount", NUMBERS + AMOUNTS),
    *[(["budget", "change", "b"], option, NUMBERS) for option in ("--max-out", "--warn-at")],
    (["budget", "set-tolerance"], None, AMOUNTS + [f"{number}%" for number in NUMBERS]),
    (["rate", "create", "r", "--unit", "calls", "--for", "all"], "--rate", RATES + BURSTS), (["rate", "change", "r"], "--rate", RATES + BURSTS),
    *[(["audit"], option, DURATIONS) for option in ("--wait", "--since", "--until")], (["audit"], "--limit", NUMBERS), (["audit"], "--cursor", CURSORS),
    *[(["log", "show"], option, NUMBERS) for option in ("--from", "--limit")], (["receipt", "show"], None, NUMBERS),
    (["check", "--credential-file", "-", "--action", "x"], "--at-least", NUMBERS), (["check", "--credential-file", "-", "--action", "x"], "--amount", AMOUNTS),
]
OFFLINE = [
    *[(["simulate", "--seeds", "2", "--steps", "10", "--nodes", "1"], option, NUMBERS) for option in ("--seed", "--nodes")],
    (["simulate", "--steps", "10", "--nodes", "1"], "--seeds", [number for number in NUMBERS if number != "4294967296"]),
    (["simulate", "--nodes", "1"], "--steps", [number for number in NUMBERS if number != "4294967296"]),
    *[(["bench", command], option, ["-1", "9223372036854775807"]) for command, option in (("decide", "--n"), ("revoke", "--rate"), ("revoke", "--enforcers"), ("spend", "--n"), ("start", "--grants"))],
    (["up", "--dir", "/proc/none"], "--enforcers", NUMBERS),
    *[(["init", "--dir", "/proc/none"], option, DURATIONS) for option in ("--max-staleness", "--max-grace")], (["init", "--dir", "/proc/none"], "--port", NUMBERS),
]


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="2s") as mesh:
        mesh.run("budget create", "b", "--unit", "calls", "--ceiling", "10")
        yield mesh


def names(options):
    return [" ".join(arguments[:2]) + (f" {option}" if option else "") for arguments, option, _ in options]


def say(arguments, option, value, run):
    """Ends by itself, and where nothing was done says why, with the option's name or form."""
    given = [f"{option}={value}"] if option else ["--", value] if value.startswith("-") else [value]
    result = run(arguments + given)
    assert result.code in (0, 1, 2, 3, 4, 5, 64), (value, result.code, result.err[-500:])
    assert "Fatal error" not in result.err and len(result.err) < 4000, (value, result.err[-500:])
    return result


@pytest.mark.parametrize("arguments, option, values", OPTIONS, ids=names(OPTIONS))
def test_a_number_at_its_ends(mesh, arguments, option, values):
    words = 2 if arguments[0] in ("grant", "budget", "rate", "log", "receipt") else 1
    for value in values:
        say(arguments, option, value, lambda given: penstock(*given[:words], "--dir", mesh.dir, "-o", "json", *given[words:], stdin="pst_x", expect=None))
    assert mesh.ledger.is_running and mesh.run("status").code == 0


@pytest.mark.parametrize("arguments, option, values", OFFLINE, ids=names(OFFLINE))
def test_a_number_at_its_ends_without_a_mesh(arguments, option, values):
    for value in values:
        say(arguments, option, value, lambda given: penstock(*given, expect=None))


@pytest.mark.parametrize("arguments, words", [
    (["revoke", "--agent", "a", "--timeout", "200000d"], "--timeout"), (["audit", "--wait", "200000d"], "--wait"), (["revoke", "--agent", "a", "--for", "0s"], "--for"),
    (["throttle", "--agent", "a", "--rate", "10/2d"], "1ms to 1d"), (["throttle", "--agent", "a", "--rate", "10/0s"], "1ms to 1d"), ([*ISSUE, "--grace", "100d"], "--grace"),
    (["simulate", "--seeds", "0"], "--seeds"), (["bench", "revoke", "--rate", "0"], "--rate"),
], ids=lambda value: value if isinstance(value, str) else " ".join(value))
def test_a_range_is_said(arguments, words):
    assert words in penstock(*arguments, expect=64).err
