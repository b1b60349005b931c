"""`python -m tests.sandbox.hostile --unconfined [NAME ...]`: does each attack work when nothing stops it?

Every program runs in a process of its own that is thrown away, with the user's own rights; as root in
namespaces of its own, so that mounts and host names stay there. An attack that cannot succeed here proves
nothing when it fails in the sandbox. Without `--unconfined`: the list of programs and their verdicts.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter

from tests.sandbox.hostile.arena import ROOT, Arena
from tests.sandbox.hostile.catalogue import REFUSED, Program, build, programs

SECONDS = 40
NEED_THE_HOST = ("protocol", "output")


def run_unconfined(program: Program, arena: Arena) -> str:
    """What became of it: `BREACH` with what it said or left behind, `-` when it is not to be tried, else why not."""
    if program.missing:
        return f"-  not tried: {program.missing} is not installed"
    if program.unconfined or program.family in NEED_THE_HOST or REFUSED in program.expect["C"]:
        return f"-  not tried: {program.unconfined or 'needs a host to deceive'}"
    package = build(program, arena.folder / "bots" / program.name.replace("/", "-"), arena.target)
    plan = {
        "calls": program.calls,
        "pause": program.pause,
        "streams": program.streams,
        "models": {
            file.name: (file.file_type, file.key, file.framework)
            for file in package.manifest
            if file.file_type != "CODE"
        },
    }
    command = [sys.executable, "-m", "tests.sandbox.hostile.unconfined", str(package.folder), json.dumps(plan)]
    if os.geteuid() == 0:
        command = ["unshare", "--mount", "--uts", "--ipc", *command]
    with (arena.folder / "readable").open() as inherited:
        try:
            ended = subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MARKETPLACE_SECRET": arena.token},
                pass_fds=(inherited.fileno(),),
                start_new_session=True,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=SECONDS,
                check=False,
            )
            output = ended.stdout + ended.stderr
        except subprocess.TimeoutExpired:
            output = f"no end within {SECONDS} seconds"
    traces = arena.traces()
    reasons = re.findall(r"^REASONS (.*)$", output, re.MULTILINE)
    said = json.loads(reasons[-1]) if reasons else [output[-300:]]
    worked = traces or any(reason.startswith("BREACH") for reason in said)
    return f"{'BREACH' if worked else 'FAILED'}  {'; '.join([*said, *traces])}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.hostile", description=__doc__)
    parser.add_argument("--unconfined", action="store_true")
    parser.add_argument("names", nargs="*", help="families (network) or programs (network/tcp); all when left out")
    options = parser.parse_args()
    chosen = [
        program
        for program in programs()
        if not options.names or program.family in options.names or program.name in options.names
    ]
    counts: Counter[str] = Counter()
    with Arena() as arena:
        for program in chosen:
            line = run_unconfined(program, arena) if options.unconfined else " | ".join(sorted(program.expect["C"]))
            counts[line.split("  ")[0]] += 1
            print(f"{program.name:36} {line}", flush=True)
    print(f"{len(chosen)} programs: {', '.join(f'{count} {word}' for word, count in counts.most_common())}")
    return 1 if counts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
