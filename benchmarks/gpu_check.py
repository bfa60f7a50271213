"""`make gpu-check`: whether everything holds on this GPU, and how fast, in under 8 minutes.

checks (reference values, device beside CPU, both precisions, resume, recognize), then clips a
second of every preset -> a section of docs/performance.md with the card and the date

    python -m benchmarks.gpu_check --docs docs/performance.md
    python -m benchmarks.gpu_check --quick --device cpu    # whether it works at all
"""

import argparse
import contextlib
import datetime
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu import PRECISIONS, QUICK, RATE, Bench, Sizes, faster, silent, speeds
from benchmarks.markdown import markdown
from benchmarks.work import write_synthetic
from edgcn.base.errors import EdgcnError
from edgcn.base.files import writing
from edgcn.base.tensorfile import load_tensors
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.commands.pretrain import pretrain, resume
from edgcn.inference.recognizer import Recognizer

BEGIN, END = "<!-- gpu:begin -->", "<!-- gpu:end -->"
ROOT = Path(__file__).parents[1]
GOLDEN = ("tests/models/test_golden.py", "tests/objectives/test_golden_info_nce.py")
ALIKE = 1e-4  # of the largest number: float32 on two devices


class Ended(Exception):  # noqa: N818
    """A training that is ended on purpose."""


# Checks: a sentence, or an error


def reference(bench: Bench) -> str:
    """The CPU beside published values; the device beside the CPU is another check."""
    words = [sys.executable, "-m", "pytest", "-q", "-m", "golden", *GOLDEN]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    last = done.stdout.strip().splitlines()[-1:] or ["nothing was said"]
    if done.returncode:
        raise EdgcnError(f"reference values: {last[0]}")
    return last[0]


def beside_cpu(bench: Bench) -> str:
    """Every preset's vectors on the device and on the CPU."""
    worst = {}
    for name in bench.sizes.encoders:
        encoder, x = bench.encoder(name), bench.clips(4)
        with torch.no_grad():
            there = encoder(x).cpu()
            here = encoder.cpu()(x.cpu())
        worst[name] = float((there - here).abs().max() / here.abs().max())
    name = max(worst, key=lambda key: worst[key])
    if not worst[name] < ALIKE:
        raise EdgcnError(f"{name} differs from the CPU by {worst[name]:.1g} of its largest number")
    return f"all presets within {worst[name]:.0e} of the largest number ({name})"


def two_views(bench: Bench) -> str:
    """A short training in each precision."""
    said = []
    for precision in PRECISIONS:
        rows = bench.trained(first(bench), precision).metrics()
        said.append(f"{precision} loss {rows[0]['loss']:.3g} to {rows[-1]['loss']:.3g}")
    return ", ".join(said)


def resumed(bench: Bench) -> str:
    """A training that was ended before its last epoch and went on, beside one that was not."""
    whole = bench.trained(first(bench), "float32")

    def end(row: dict[str, Any]) -> None:
        if row["epoch"] == bench.sizes.epochs:
            raise Ended

    with contextlib.suppress(Ended):
        pretrain(bench.config("ended", first(bench), "float32"), say=silent, on_epoch=end)
    again = resume(bench.folder / "ended", say=silent)
    one, other = (load_tensors(run.recognizer)[0] for run in (whole, again))
    apart = max(float((one[name].double() - other[name].double()).abs().max()) for name in one)
    return "the same bits" if apart == 0 else f"weights differ by {apart:.1g} at most"


def recognized(bench: Bench) -> str:
    """Events in synthetic interviews, by a recognizer whose vectors come from the device."""
    sizes = bench.sizes
    options = {"interviews": str(sizes.interviews), "minutes": f"{sizes.talk:g}", "subjects": "3"}
    config = PrepareConfig(reader="synthetic", out=bench.folder / "long", options=options)
    store = prepare(config, say=silent)
    model = Recognizer(bench.trained(first(bench), "float32"), device=bench.device.type).fit(store)
    model.fit_spotter(store)
    begin = time.perf_counter()
    found = model.recognize(store)
    hours = sizes.interviews * sizes.talk / 60 / (time.perf_counter() - begin)
    return f"{len(found)} events; {hours:.2g} hours a second (windows are read on the CPU)"


CHECKS: dict[str, Callable[[Bench], str]] = {
    "reference values": reference,
    "device beside CPU, float32": beside_cpu,
    "two-view training": two_views,
    "resume": resumed,
    "recognize": recognized,
}


def first(bench: Bench) -> str:
    """The preset that checks are made with."""
    names = bench.sizes.encoders
    return "edgcn-s" if "edgcn-s" in names else names[0]


# The section


def check(bench: Bench, checks: Sequence[str], say: Callable[[str], None]) -> str:
    """Everything; the section's text.

    Raises:
        EdgcnError: a check failed.
    """
    begin = time.monotonic()
    write_synthetic(bench.folder / "bodies1", clips=bench.sizes.clips, bodies=1)
    held = []
    for name in checks:
        held.append([name, CHECKS[name](bench)])
        say(f"{name}: {held[-1][1]}")
    deadline, found = begin + bench.sizes.budget, []
    for row in speeds(bench, deadline):
        found.append(row)
        say(" ".join(row))
    quick = list(faster(bench, deadline))
    batches = [f"inference, batch {batch}" for batch in bench.sizes.batches]
    parts = [
        f"Measured with `make gpu-check` on {card(bench.device)}, {datetime.date.today()}, PyTorch "
        f"{torch.__version__}, in {time.monotonic() - begin:.0f} s.",
        markdown(["check", "found"], held),
        f"Clips/s of 32 frames, 25 joints, one body. A training step is of `best`, batch "
        f"{bench.sizes.batch}, with views and optimizer; dense is hours of a recording at "
        f"{RATE:g} frames/s that one pass of the encoder reads in a second.",
        markdown(["preset", "precision", "training step", *batches, "dense, h/s"], found),
    ]
    if quick:
        head = ["preset", "batch", "as it is", "CUDA graph", "torch.compile"]
        parts += ["Inference in float32, clips/s:", markdown(head, quick)]
    return "\n\n".join(parts)


def card(device: torch.device) -> str:
    """What the device is called."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"the {device.type}"


def put(text: str, page: Path) -> None:
    """Between the page's marks, which it gets at its end where it has none."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    if not begin:
        before, after = f"{before.rstrip()}\n\n## On a GPU\n\n", "\n"
    with writing(page) as waiting:
        waiting.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def device_of(name: str) -> torch.device:
    """The device to measure.

    Raises:
        EdgcnError: there is no GPU.
    """
    if name == "auto" and not torch.cuda.is_available():
        raise EdgcnError("there is no GPU here; whether it works at all: --quick --device cpu")
    return torch.device("cuda" if name == "auto" else name)


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 2 for a check that failed, or no GPU."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_check")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--quick", action="store_true", help="small sizes, no reference values")
    parser.add_argument("--docs", type=Path, help="page whose section is written anew")
    given = parser.parse_args(arguments)
    checks = [name for name in CHECKS if not (given.quick and name == "reference values")]
    try:
        with tempfile.TemporaryDirectory() as folder:
            sizes = QUICK if given.quick else Sizes()
            bench = Bench(device_of(given.device), sizes, Path(folder))
            text = check(bench, checks, partial(print, flush=True))
    except EdgcnError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    print(f"\n{text}")
    if given.docs:
        put(text, given.docs)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
