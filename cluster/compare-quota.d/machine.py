"""What a figure was measured on."""

import os
import pathlib
import platform
import subprocess
from importlib import metadata

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def facts(binary):
    processor = next(
        (line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        platform.machine())
    return {
        "commit": commit(),
        "penstock": first_line(binary, "--version"),
        "binary": built(pathlib.Path(binary).resolve()),
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("redis", "psycopg", "agentbudget")},
    }


def built(binary):
    """A binary from elsewhere need not be of this commit."""
    if not binary.is_relative_to(REPOSITORY):
        return "given, perhaps of another commit"
    return "debug" if "debug" in binary.parts else "release"


def commit():
    try:
        short = first_line("git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    changed = subprocess.run(["git", "-C", str(REPOSITORY), "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True).stdout
    return f"{short} with changes" if changed.strip() else short


def first_line(*command):
    return (subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines() or [""])[0]
