"""`python -m faults`: break commands in every way that is promised to be harmless; print figures.

PYTHONPATH=tests python -m faults --kills 200
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from faults.coding import coding
from faults.commands import furnish
from faults.kills import kill
from faults.others import OTHERS
from faults.process import warm_up


def main() -> None:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__.partition(":")[0])
    parser.add_argument("--kills", type=int, default=200, help="kills in all")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--only", choices=["kills", "coding", *OTHERS], help="one kind of fault")
    parser.add_argument("--quick", action="store_true", help="few, and only of the first kinds")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warm_up()
    with tempfile.TemporaryDirectory(prefix="edgcn-faults-") as name:
        base, work = Path(name) / "base", Path(name) / "work"
        Path(name).chmod(0o755)
        furnish(base)
        if options.only in (None, "kills"):
            started = time.monotonic()
            found = kill(options.kills, base=base, work=work, seed=options.seed)
            for command, counts in found.items():
                shown = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
                print(f"kills: {command}: {shown}", flush=True)
            print(f"kills: {options.kills} in {time.monotonic() - started:.0f} s", flush=True)
        for kind, attempt in OTHERS.items():
            slow = kind in ("name taken", "ranks")
            if options.only in (None, kind) and not (options.quick and slow):
                started = time.monotonic()
                count = attempt(base, work, options.quick)
                print(f"{kind}: {count} in {time.monotonic() - started:.0f} s", flush=True)
        if options.only in (None, "coding") and not options.quick:
            started = time.monotonic()
            told = coding(min(50, options.kills), work=Path(name) / "coded", seed=options.seed)
            print(f"coding: {told} in {time.monotonic() - started:.0f} s", flush=True)
        os.chdir("/")


if __name__ == "__main__":
    main()
