"""What a run has found, as text and as JSON."""

import collections

import bounds


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Report:
    def __init__(self, seed, lasted, stage, honest, sampler, crowd, violations):
        self.violations = violations
        outcomes = collections.Counter(call.outcome for call in honest.calls)
        decided = sum(count for outcome, count in outcomes.items() if outcome in bounds.DECIDED)
        closed = [revoke for revoke in honest.revokes if revoke.is_closed]
        heard = [1000 * (revoke.printed - revoke.asked) for revoke in closed]
        stated = [revoke.answer["elapsed_ms"] for revoke in closed]
        self.json = {
            "seed": seed, "seconds": round(lasted, 1), "enforcers": len(stage.enforcers),
            "deaths": sampler.deaths,
            "processes": {name: sampler.summary(name) for name in stage.nodes},
            "attackers": {
                group: {"cpu_share": round(found["cpu_s"] / lasted, 2), "pushed": {name: attack["pushed"] for name, attack in found["attacks"].items()}}
                for group, found in crowd.latest.items()},
            "honest": {
                "calls": len(honest.calls), "per_second": round(len(honest.calls) / lasted, 1), "decided": round(decided / max(1, len(honest.calls)), 5),
                "outcomes": dict(outcomes.most_common()), "slowest_ms": round(1000 * max((call.heard - call.asked for call in honest.calls), default=0)),
                "grants_refused": honest.not_granted},
            "revokes": {
                "asked": honest.asked, "closed": len(closed), "others": honest.not_closed,
                "bound_ms": max((revoke.answer["bound_ms"] for revoke in honest.revokes), default=0),
                "caller_ms": {name: round(quantile(heard, share), 1) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))},
                "ledger_ms": {name: round(quantile(stated, share), 1) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))}},
            "violations": {guarantee: len(problems) for guarantee, problems in violations.items()},
        }
        self.json["missed"] = self.missed = self._missed(lasted)

    def _missed(self, lasted):
        """Targets that were not met."""
        found, missed = self.json, []
        missed += found["deaths"]
        revokes, honest = found["revokes"], found["honest"]
        if revokes["closed"] < revokes["asked"] or not revokes["asked"]:
            missed.append(f"{revokes['closed']} of {revokes['asked']} revokes were closed")
        if revokes["caller_ms"]["p99"] > revokes["bound_ms"]:
            missed.append(f"revokes closed with p99 {revokes['caller_ms']['p99']} ms; the bound is {revokes['bound_ms']} ms")
        if honest["decided"] < bounds.DECIDED_SHARE:
            missed.append(f"{honest['decided']:.2%} of honest calls were decided, wanted {bounds.DECIDED_SHARE:.0%}")
        growth = bounds.MEMORY_MB_PER_MINUTE if found["attackers"] else bounds.SOAK_MEMORY_MB_PER_MINUTE
        for name, row in found["processes"].items():
            kind = "ledger" if name == "ledger" else "enforcer"
            memory, disk, files = row["memory_mb"], row["disk_mb"], row["files"]
            if memory["peak"] > memory["start"] + bounds.MEMORY_PEAK_MB[kind]:
                missed.append(f"{name} took {memory['peak']:.0f} MB of memory, from {memory['start']:.0f}")
            # In less than some minutes, queues that fill once look like growth.
            if lasted > 300 and memory["per_minute"] > growth:
                missed.append(f"{name} grew by {memory['per_minute']} MB of memory a minute")
            if not found["attackers"] and files["per_minute"] * lasted / 60 > bounds.SOAK_FILES:
                missed.append(f"{name} came to {files['end']:.0f} open files, from {files['start']:.0f}")
            if files["peak"] > bounds.FILES:
                missed.append(f"{name} had {files['peak']:.0f} files open")
            if kind == "enforcer" and disk["peak"] > bounds.ENFORCER_DISK_MB:
                missed.append(f"{name} took {disk['peak']:.0f} MB of disk, its bound is {bounds.ENFORCER_DISK_MB}")
            if kind == "ledger" and disk["end"] - disk["start"] > bounds.LEDGER_DISK_MB_PER_MINUTE * max(1, lasted / 60):
                missed.append(f"{name} took {disk['end'] - disk['start']:.0f} MB of disk in {lasted:.0f} s, wanted {bounds.LEDGER_DISK_MB_PER_MINUTE} a minute")
        return missed

    @property
    def is_good(self):
        return not self.missed and not any(self.violations.values())

    @property
    def text(self):
        found = self.json
        lines = [f"seed {found['seed']}, a ledger and {found['enforcers']} enforcers, {found['seconds']} s {'under attack' if found['attackers'] else 'of honest load'}", *(["pushed"] if found["attackers"] else [])]
        for group, row in found["attackers"].items():
            lines.append(f"  {group}, {row['cpu_share']:.2f} of a core")
            lines += [f"    {name:22}" + ", ".join(f"{what} {count}" for what, count in pushed.items()) for name, pushed in row["pushed"].items()]
        lines.append(f"{'process':14}" + "".join(f"{what:>34}" for what in ("memory MB", "files", "disk MB")))
        lines.append(f"{'':14}" + 3 * f"{'start':>9}{'peak':>8}{'end':>8}{'a minute':>9}")
        for name, row in found["processes"].items():
            lines.append(f"{name:14}" + "".join(
                f"{part['start']:9.0f}{part['peak']:8.0f}{part['end']:8.0f}{part['per_minute']:+9.1f}" for part in (row["memory_mb"], row["files"], row["disk_mb"])))
        honest, revokes = found["honest"], found["revokes"]
        lines += [
            f"honest calls  {honest['calls']}, {honest['per_second']}/s, {honest['decided']:.2%} decided, slowest {honest['slowest_ms']} ms: "
            + ", ".join(f"{outcome} {count}" for outcome, count in honest["outcomes"].items()),
            f"revokes       {revokes['asked']}, CLOSED {revokes['closed']}; bound {revokes['bound_ms']} ms; "
            + "; ".join(
                f"{who} p50 {revokes[key]['p50']:.0f}, p99 {revokes[key]['p99']:.0f}, max {revokes[key]['max']:.0f} ms"
                for who, key in (("as the caller saw it", "caller_ms"), ("as the ledger counts", "ledger_ms"))),
            *[f"  {text}" for text in revokes["others"][:5]],
            "violations    " + ", ".join(f"{guarantee} {count}" for guarantee, count in found["violations"].items()),
        ]
        for guarantee, problems in self.violations.items():
            lines += [f"  {guarantee}: {problem}" for problem in problems[:10]]
            lines += [f"  {guarantee}: … {len(problems) - 10} more"] if len(problems) > 10 else []
        lines += [f"  MISSED: {text}" for text in self.missed]
        return "\n".join(lines)
