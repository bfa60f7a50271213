"""Where the numbers of a pre-training go: metrics.jsonl, TensorBoard if asked for, and a callback.

row of the trainer (epoch, loss, lr, measures) -> every place, epoch after epoch
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from edgcn.base.errors import require
from edgcn.commands.pretrain_settings import PretrainConfig
from edgcn.runs import Run

Row = dict[str, Any]
OnEpoch = Callable[[Row], object]

EXTRA = "tensorboard"


def check_log(config: PretrainConfig) -> None:
    """Refuse a place that cannot be written to, before anything is made.

    Raises:
        EdgcnError: its package is missing.
    """
    if config.log == "tensorboard":
        require("tensorboard", extra=EXTRA)


@contextmanager
def recording(
    config: PretrainConfig, run: Run, *, finished: int, on_epoch: OnEpoch | None
) -> Iterator[Callable[[Row], None]]:
    """What takes each row to where it is wanted.

    Args:
        finished: epochs that are done; what was logged after them is dropped.
        on_epoch: of a program that follows the training; what it raises ends it.
    """
    run.rewind_metrics(epoch=finished)
    writer: Any = None
    if config.log == "tensorboard":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of what it imports
            from torch.utils.tensorboard import SummaryWriter

        writer = SummaryWriter(str(run), purge_step=finished + 1)

    def record(row: Row) -> None:
        run.add_metrics(row)
        if writer is not None:
            for name, value in row.items():
                if name != "epoch" and value is not None:
                    writer.add_scalar(name, value, row["epoch"])
            writer.flush()
        if on_epoch is not None:
            on_epoch(dict(row))

    try:
        yield record
    finally:
        if writer is not None:
            writer.close()
