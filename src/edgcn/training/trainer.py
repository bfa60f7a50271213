"""The training of an encoder, on any number of ranks.

rows -> local batches -> two views -> objective.loss -> backward -> step -> after_step
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from edgcn.augment.compose import NO_SETTINGS, Settings, check_augmentations
from edgcn.base.errors import EdgcnError
from edgcn.base.progress import progress
from edgcn.base.seeds import stream
from edgcn.objectives.base import Objective, Views, traits
from edgcn.pipeline.astray import input_astray
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.source import ClipSource
from edgcn.store.views import Selection
from edgcn.training.batches import LocalBatch, batch_size_of, local_batches
from edgcn.training.learner import Learner
from edgcn.training.optimizers import OptimizerName, make_optimizer
from edgcn.training.resume import load_state, save_state
from edgcn.training.schedule import Schedule, lr_factor
from edgcn.training.views import two_views

Row = dict[str, float | None]


class Trainer:
    """Trains an objective's encoder on the views of clips; `fit` gives a row per epoch.

    Args:
        objective: What is trained; anything with `loss(views)`.
        clips: Where batches come from: a store's clips or windows, or the like. One that says it is
            `endless` gives other clips every epoch: `rows`, then as many after them, and so on.
        rows: Clips to learn from.
        inputs: How raw clips become the encoder's input.
        augmentations: Names, in order; the objective's by default.
        augmentation_settings: By name, where they differ from the defaults.
        batch_size: Clips per step and rank; "auto" is 128, or all of fewer clips.
        epochs: Passes over the clips, of which an objective's filling one is the first.
        steps: In place of `epochs`: exactly so many steps; the last epoch may be cut short.
        lr: Learning rate.
        schedule: How it falls over all batches; see `lr_factor`.
        warmup_epochs: Epochs over which it rises from zero.
        residual_lr: Times `lr`: learning rate of EDGCN's learned edges.
        seed: Of order, views and the model's own randomness; weights are made before.
        fabric: Devices and ranks; one device by default.

    Raises:
        EdgcnError: What is given cannot be trained.
    """

    def __init__(
        self,
        objective: Objective,
        clips: ClipSource,
        rows: np.ndarray,
        *,
        inputs: Inputs,
        augmentations: Sequence[str] | None = None,
        augmentation_settings: Settings = NO_SETTINGS,
        batch_size: int | Literal["auto"] = "auto",
        epochs: int | None = None,
        steps: int | None = None,
        lr: float,
        optimizer: OptimizerName = "sgd",
        schedule: Schedule = "constant",
        warmup_epochs: int = 0,
        residual_lr: float = 1.0,
        weight_decay: float = 1e-4,
        seed: int = 0,
        fabric: Fabric | None = None,
    ) -> None:
        self.fabric = Fabric(devices=1) if fabric is None else fabric
        self.objective, self.traits = objective, traits(objective)
        self.clips, self.rows, self.inputs, self.seed = clips, rows, inputs, seed
        self.endless: bool = getattr(clips, "endless", False)
        self.augmentations = (
            self.traits.augmentations if augmentations is None else tuple(augmentations)
        )
        self.augmentation_settings = augmentation_settings
        check_augmentations(self.augmentations, augmentation_settings)
        self.lr, self.schedule, self.warmup_epochs = lr, schedule, warmup_epochs

        ranks = self.fabric.world_size
        self.batch_size = batch_size_of(batch_size, clips=len(rows), ranks=ranks)
        self.batches_per_epoch = len(rows) // (self.batch_size * ranks)
        if (steps is None) == (epochs is None):
            raise EdgcnError("a training has either `steps` or `epochs`; give one of them")
        filling = self.batches_per_epoch if self.traits.fills else 0
        self.batches = (epochs or 0) * self.batches_per_epoch if steps is None else filling + steps
        self.epochs = -(-self.batches // self.batches_per_epoch)
        self._views(LocalBatch(rows[:1], 0, 1), torch.Generator())  # refuses now, not in a while
        if isinstance(clips, Selection):
            clips.hold_if_it_fits(self.fabric.device)

        self.module = Learner(objective)
        if ranks > 1:
            self.module.synchronize()
        self.module.to(self.fabric.device)
        learner = self.module if self.traits.learner is None else self.traits.learner
        self.optimizer = make_optimizer(
            learner, optimizer, lr=lr, weight_decay=weight_decay, residual_lr=residual_lr
        )
        self._learner, self._optimizer = self.fabric.setup(learner, self.optimizer)
        if learner is not self.module:
            objective.learner = self._learner  # type: ignore[attr-defined]

    def fit(self, finished: int = 0) -> Iterator[Row]:
        """Train; one row per epoch, after which the state can be saved.

        A row has epoch (from 1), loss (None where the epoch only fills), lr (of its first step),
        seconds, clips_per_second, and the objective's measures.

        Args:
            finished: Number of epochs that are done, which `load_state` returns.

        Raises:
            EdgcnError: The loss is not finite.
        """
        clips = self.batch_size * self.fabric.world_size
        left = max(0, self.batches - finished * self.batches_per_epoch)
        label = "pre-training" if self.fabric.is_global_zero else ""
        with progress(label, total=left * clips, unit="clips") as advance:
            for epoch in range(finished + 1, self.epochs + 1):
                started, first = time.monotonic(), (epoch - 1) * self.batches_per_epoch
                with self._model_randomness(epoch):
                    loss = self._epoch(epoch, advance)
                seconds = time.monotonic() - started
                batches = min(self.batches_per_epoch, self.batches - first)
                row: Row = {"epoch": epoch, "loss": loss, "lr": self._lr(first)}
                row |= {"seconds": round(seconds, 3)}
                row |= {"clips_per_second": round(batches * clips / seconds, 1)}
                yield row | {k: self._mean(x) for k, x in self.traits.measures().items()}

    def _epoch(self, epoch: int, advance: Callable[[int], None]) -> float | None:
        """One pass over the clips; its mean loss over batches and ranks."""
        self.module.train()
        first = (epoch - 1) * self.batches_per_epoch
        # Clips without end are each seen once.
        new = (epoch - 1) * len(self.rows) if self.endless else 0
        batches = local_batches(
            self.rows + new,
            batch_size=self.batch_size,
            ranks=self.fabric.world_size,
            rank=self.fabric.global_rank,
            generator=stream(self.seed, "order", epoch),
        )
        draws = stream(self.seed, "views", epoch, device=self.fabric.device)
        filling, losses = epoch == 1 and self.traits.fills, []
        for number, batch in enumerate(islice(batches, self.batches - first), start=first):
            views = self._views(batch, draws)
            if filling:
                self._fill(views)
            else:
                losses.append(self._step(views, self._lr(number)))
            advance(batch.total)
        if not losses:
            return None
        loss = self._mean(torch.stack(losses).mean())
        if not math.isfinite(loss):
            kept = f"the state after epoch {epoch - 1} is kept; " if epoch > 1 else ""
            why = input_astray(self.clips, self.rows + new, self.inputs)
            what = why or "try a smaller --lr, or --precision float32"
            raise EdgcnError(f"the loss became {loss} in epoch {epoch}; {kept}{what}")
        return loss

    def _step(self, views: Views, lr: float) -> Tensor:
        """Learn from a batch; its loss on this rank."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr * group.get("times_lr", 1.0)
        with self.fabric.autocast():
            loss = self._loss(views)
        if loss.shape:
            raise EdgcnError(
                f"the loss of objective {self.traits.title!r} has shape {tuple(loss.shape)}; "
                f"expected one number, such as its mean"
            )
        self.fabric.backward(loss)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.traits.after_step()
        return loss.detach()

    def _loss(self, views: Views) -> Tensor:
        """The objective's loss, through what the ranks share."""
        if self.traits.learner is not None:
            return self.objective.loss(views)
        loss: Tensor = self._learner(views.first, views.second, views.clip)
        return loss

    @torch.no_grad()
    def _fill(self, views: Views) -> None:
        """Show the objective a batch without learning from it."""
        assert self.traits.fill is not None
        with self.fabric.autocast():
            self.traits.fill(views)

    def _views(self, batch: LocalBatch, generator: torch.Generator) -> Views:
        return two_views(
            self.clips,
            batch,
            generator,
            inputs=self.inputs,
            augmentations=self.augmentations,
            settings=self.augmentation_settings,
        )

    def _lr(self, number: int) -> float:
        """Learning rate of a batch, counted from the training's first."""
        return self.lr * lr_factor(
            number,
            schedule=self.schedule,
            steps=self.batches,
            warmup=self.warmup_epochs * self.batches_per_epoch,
        )

    @contextmanager
    def _model_randomness(self, epoch: int) -> Iterator[None]:
        """Dropout and latents draw from PyTorch's global randomness, which is lent to them."""
        device, rank = self.fabric.device, self.fabric.global_rank
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(stream(self.seed, "model", epoch, rank).initial_seed())
            yield

    def _mean(self, value: Tensor) -> float:
        """A number's mean over ranks."""
        mean = self.fabric.all_reduce(value.detach(), reduce_op="mean")
        assert isinstance(mean, Tensor)
        return float(mean)

    def save_state(self, path: Path, *, epoch: int) -> None:
        """Write all that the epochs after `epoch` depend on, whole or not at all."""
        save_state(path, module=self.module, optimizer=self.optimizer, epoch=epoch)

    def load_state(self, path: Path) -> int:
        """Restore what `save_state` wrote; returns the epochs that are finished.

        Raises:
            EdgcnError: The file is none, or the state of another training.
        """
        epoch = load_state(path, module=self.module, optimizer=self.optimizer)
        if epoch > self.epochs:
            raise EdgcnError(f"{path} has finished epoch {epoch}, and the run has {self.epochs}")
        return epoch
