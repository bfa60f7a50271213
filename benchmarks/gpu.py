"""How fast every preset is on a device: training steps, inference, hours of recordings.

encoder on a device -> clips a second; as a CUDA graph and compiled, where that may pay
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.markdown import number
from benchmarks.timing import seconds_of
from benchmarks.work import TOPOLOGY
from edgcn.commands.pretrain import pretrain
from edgcn.commands.pretrain_settings import PretrainConfig
from edgcn.commands.settings import make_config
from edgcn.models import ENCODERS
from edgcn.models.build import build_encoder
from edgcn.models.dense import dense_maps, is_dense
from edgcn.runs import Run

CHANNELS, FRAMES, RATE = 6, 32, 20.0  # of `best`; a second has 20 frames at its dense scale
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Sizes:
    """How much of everything.

    Args:
        settings: of encoders, where they differ from their presets.
        talk: minutes of an interview.
        minutes: of the stretch of a recording that is encoded at once.
        budget: seconds of all measurements; what does not fit is named.
        each: seconds of one measurement.
    """

    encoders: tuple[str, ...] = tuple(ENCODERS)
    graphed: tuple[str, ...] = ("edgcn-s", "edgcn")
    settings: dict[str, Any] = field(default_factory=dict)
    clips: int = 512
    batch: int = 128
    batches: tuple[int, ...] = (1, 512)
    epochs: int = 4
    interviews: int = 8
    talk: float = 1.0
    minutes: float = 5.0
    budget: float = 400.0
    each: float = 0.5


QUICK = Sizes(
    encoders=("ascal-lstm",),
    graphed=(),
    settings={"hidden": 8},
    clips=16,
    batch=8,
    batches=(2,),
    epochs=2,
    interviews=3,
    talk=0.2,
    minutes=0.05,
    each=0.01,
)


@dataclass(frozen=True)
class Bench:
    """Where things are measured, and with what."""

    device: torch.device
    sizes: Sizes
    folder: Path

    def trained(self, encoder: str, precision: str) -> Run:
        """A pre-training on the synthetic store, the one that was made before if there is one."""
        run = Run(self.folder / f"{encoder}-{precision}")
        if not run.path.exists():
            pretrain(self.config(run.path.name, encoder, precision), say=silent)
        return run

    def config(self, out: str, encoder: str, precision: str) -> PretrainConfig:
        """Of a pre-training by `best`."""
        values = {
            "store": self.folder / "bodies1",
            "out": self.folder / out,
            "encoder_settings": self.sizes.settings,
            "epochs": self.sizes.epochs,
            "batch_size": self.sizes.batch,
            "accelerator": self.device.type,
            "knn_every": 0,
            "encoder": encoder,
            "precision": precision,
        }
        return make_config(PretrainConfig, values, where="gpu_check")

    def encoder(self, name: str) -> nn.Module:
        """A preset with initial weights, in evaluation mode."""
        torch.manual_seed(0)
        made = build_encoder(
            name, self.sizes.settings, topology=TOPOLOGY, in_channels=CHANNELS, bodies=1
        )
        return made.eval().to(self.device)

    def clips(self, batch: int, frames: int = FRAMES) -> Tensor:
        """Random ones."""
        generator = torch.Generator().manual_seed(batch)
        made = torch.randn(batch, CHANNELS, frames, len(TOPOLOGY), 1, generator=generator)
        return made.to(self.device)

    def seconds(self, run: Callable[[], object]) -> float:
        """The median run, to its end on the device."""

        def whole() -> None:
            run()
            if self.device.type == "cuda":
                torch.cuda.synchronize()

        return statistics.median(seconds_of(whole, budget=self.sizes.each))


def silent(line: str) -> None:
    """Say nothing."""


def speeds(bench: Bench, deadline: float) -> Iterator[list[str]]:
    """A row for each preset and precision: clips a second, and hours of recordings a second."""
    for name in bench.sizes.encoders:
        for precision in PRECISIONS:
            if time.monotonic() > deadline:
                yield [name, precision, *["not run: out of time"] * (2 + len(bench.sizes.batches))]
                continue
            rows = bench.trained(name, precision).metrics()
            step = statistics.median(row["clips_per_second"] for row in rows[1:])
            encoder, cells = bench.encoder(name), [number(step)]
            with torch.no_grad(), autocast(bench, precision):
                for batch in bench.sizes.batches:
                    cells.append(
                        number(batch / bench.seconds(partial(encoder, bench.clips(batch))))
                    )
                cells.append(dense(bench, encoder))
            yield [name, precision, *cells]


def dense(bench: Bench, encoder: nn.Module) -> str:
    """Hours of a recording a second, in one pass of the encoder."""
    if not is_dense(encoder, "parts"):
        return "window by window"
    x = bench.clips(1, int(bench.sizes.minutes * 60 * RATE))
    seconds = bench.seconds(partial(dense_maps, encoder, x, "parts", TOPOLOGY))
    return number(bench.sizes.minutes / 60 / seconds)


def autocast(bench: Bench, precision: str) -> torch.autocast:
    """bfloat16 products where asked for."""
    wanted = precision == "bfloat16"
    return torch.autocast(bench.device.type, dtype=torch.bfloat16, enabled=wanted)


def faster(bench: Bench, deadline: float) -> Iterator[list[str]]:
    """Whether a CUDA graph or torch.compile pays for inference."""
    for name in bench.sizes.graphed:
        for batch in bench.sizes.batches:
            if time.monotonic() > deadline or bench.device.type != "cuda":
                yield [name, str(batch), *["not run"] * 3]
                continue
            encoder, x = bench.encoder(name), bench.clips(batch)
            with torch.no_grad():
                cells = [number(batch / bench.seconds(partial(encoder, x)))]
                for make in (graph_of, compiled):
                    try:
                        cells.append(number(batch / bench.seconds(make(encoder, x))))
                    except Exception as error:  # whatever a compiler says is a result
                        cells.append(f"failed: {str(error).splitlines()[0][:80]}")
            yield [name, str(batch), *cells]


def graph_of(encoder: nn.Module, x: Tensor) -> Callable[[], object]:
    """The same launches again, as one CUDA graph."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        encoder(x)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        encoder(x)
    return graph.replay


def compiled(encoder: nn.Module, x: Tensor) -> Callable[[], object]:
    """torch.compile, whose graphs it records itself."""
    made = torch.compile(encoder, mode="reduce-overhead")
    made(x)
    return partial(made, x)
