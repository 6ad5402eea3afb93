"""A table for eyes: what was measured in rows, systems in columns."""

TITLES = {
    "latency": "1. reserve + commit on one hot budget",
    "overspend": "2. overspend under a burst of 4 × the remainder",
    "kill": "3. SIGKILL between reserve and commit",
    "retries": "4. calls sent 1 to 3 times, some to another node",
    "denials": "5. phantom denials, and the ceiling's use",
    "shift": "6. load moves from node A to node B",
    "messages": "7. messages at the centre at steady demand",
    "forgotten": "8. SIGKILL of the store under load",
    "faults": "9. the burst, while enforcers are killed, stopped and cut off",
}


def text(result):
    lines = ["  ".join(f"{key}={value}" for key, value in result["machine"].items()), ""]
    lines += ["  ".join(f"{key}={value}" for key, value in result["settings"].items())]
    for name, settings in result["systems"].items():
        lines.append(f"{name}: " + ", ".join(f"{key} {value}" for key, value in settings.items()))
    for cell, title in TITLES.items():
        rows = {row["system"]: row["values"] for row in result["cells"] if row["cell"] == cell}
        if rows:
            lines += ["", title, *table(rows)]
    return "\n".join(lines)


def table(rows):
    systems, measures = list(rows), {}
    for values in rows.values():
        measures.update(dict.fromkeys(values))
    cells = [["", *systems]]
    cells += [[measure, *(shown(rows[system].get(measure, "")) for system in systems)] for measure in measures]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return ["  " + "  ".join(part.ljust(width) for part, width in zip(line, widths)).rstrip() for line in cells]


def shown(value):
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
