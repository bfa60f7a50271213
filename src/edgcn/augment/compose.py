"""A chain of augmentations by name, and the one of the paper.

(N, C, T, V, M) -> the same; the order of `names` is the order of application.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from edgcn.augment import AUGMENTATIONS
from edgcn.augment.draws import Draws
from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.parts import check_settings
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

Settings = Mapping[str, Mapping[str, Any]]

# AS-CAL's eight with AS-CAL's settings (the defaults). The masks come last: a zero that hides a
# joint must not be rotated, shaken or blurred into something else.
PAPER: tuple[str, ...] = (
    "subtract", "rotate", "shear", "reverse", "noise", "blur", "joint_mask", "channel_mask",
)  # fmt: skip
NO_SETTINGS: Settings = MappingProxyType({})
GIVEN = ("topology", "dims")  # keyword arguments that are no settings


def augment(
    x: Clips,
    draws: Draws,
    *,
    names: Sequence[str],
    topology: Topology,
    dims: int,
    settings: Settings = NO_SETTINGS,
) -> Clips:
    """Apply the named augmentations one after the other; the input is not changed.

    Args:
        dims: How many leading channels are geometry.
        settings: By name of the augmentation, where they differ from the defaults; see
            `check_augmentations`.
    """
    _check_names((*names, *settings))
    if len(x) != draws.count or len(topology) != x.shape[3]:
        raise EdgcnError(
            f"expected clips of shape (N, C, T, V, M) with {draws.count} clips (as drawn for) of "
            f"{len(topology)} joints (topology {topology.name!r}), got {tuple(x.shape)}"
        )
    for name in names:
        x = AUGMENTATIONS[name](x, draws, topology=topology, dims=dims, **settings.get(name, {}))
    return x


def check_augmentations(names: Sequence[str], settings: Settings = NO_SETTINGS) -> None:
    """Refuse names and settings that do not exist, and say which ones were probably meant."""
    _check_names((*names, *settings))
    for name, values in settings.items():
        check_settings(AUGMENTATIONS[name], values, what=f"augmentation {name!r}", given=GIVEN)


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if name not in AUGMENTATIONS:
            hint = did_you_mean(name, AUGMENTATIONS, cutoff=0.5)
            raise EdgcnError(
                f"no augmentation {name!r}{hint} (there are: {', '.join(AUGMENTATIONS)})"
            )
