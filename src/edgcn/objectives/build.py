"""Objectives from their names: settings and batches checked first, then made around an encoder."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.parts import check_settings, settings_of
from edgcn.objectives import OBJECTIVES
from edgcn.objectives.base import GIVEN, traits
from edgcn.objectives.reconstruct import ClipStatistics


def check_objective(
    name: str,
    settings: Mapping[str, Any],
    *,
    batch: int,
    ranks: int = 1,
    readout: str = "mean",
) -> dict[str, Any]:
    """The settings as the objective's types; those that are not given are left out.

    Args:
        batch: Clips per step and rank.

    Raises:
        EdgcnError: No objective has that name, or settings, batch or readout do not fit it.
    """
    if name not in OBJECTIVES:
        hint = did_you_mean(name, OBJECTIVES)
        raise EdgcnError(f"no objective is named {name!r}; there are {', '.join(OBJECTIVES)}{hint}")
    made, its = OBJECTIVES[name], traits(OBJECTIVES[name])
    checked = check_settings(made, settings, what=f"objective {name!r}", given=GIVEN)
    if "batch" in its.needs and batch < 2:
        raise EdgcnError(
            f"objective {name!r} compares the clips of a batch with each other, and there is "
            f"{batch} per step and rank; use a --batch-size of 2 or more, or prepare more clips"
        )
    if "embedding" in its.needs and readout != "mean":
        raise EdgcnError(
            f"objective {name!r} reconstructs clips from the encoder's embedding, and readout "
            f"{readout!r} goes past it; use --readout mean, or --recipe paper"
        )
    defaults = {key: setting.default for key, setting in settings_of(made, given=GIVEN).items()}
    its.check(defaults | checked, batch=batch, ranks=ranks)
    return checked


def build_objective(
    name: str,
    encoder: nn.Module,
    settings: Mapping[str, Any],
    *,
    statistics: ClipStatistics | None = None,
) -> Any:
    """A new objective around an encoder; its other weights take PyTorch's global randomness.

    Args:
        settings: As `check_objective` returns them.
        statistics: Of the training clips, for objectives that need them.
    """
    made = OBJECTIVES[name]
    if "statistics" in traits(made).needs:
        return made(encoder, statistics=statistics, **settings)
    return made(encoder, **settings)
