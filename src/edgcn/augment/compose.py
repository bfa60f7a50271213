"""A chain of augmentations by name, and the one of the paper.

(N, C, T, V, M) -> the same; the order of `names` is the order of application.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from edgcn.augment import AUGMENTATIONS
from edgcn.augment.draws import Draws, Number
from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

Options = Mapping[str, Mapping[str, Number]]

# AS-CAL's eight with AS-CAL's settings (the defaults). The masks come last: a zero that hides a
# joint must not be rotated, shaken or blurred into something else.
PAPER: tuple[str, ...] = (
    "subtract", "rotate", "shear", "reverse", "noise", "blur", "joint_mask", "channel_mask",
)  # fmt: skip
NO_OPTIONS: Options = MappingProxyType({})


def augment(
    x: Clips,
    draws: Draws,
    *,
    names: Sequence[str],
    topology: Topology,
    dims: int,
    options: Options = NO_OPTIONS,
) -> Clips:
    """Apply the named augmentations one after the other; the input is not changed.

    Args:
        dims: how many leading channels are geometry.
        options: parameters that differ from the defaults, by name of the augmentation.
    """
    check_augmentations(names, options)
    if len(x) != draws.count or len(topology) != x.shape[3]:
        raise EdgcnError(
            f"expected clips of shape (N, C, T, V, M) with {draws.count} clips (as drawn for) of "
            f"{len(topology)} joints (topology {topology.name!r}), got {tuple(x.shape)}"
        )
    for name in names:
        x = AUGMENTATIONS[name](x, draws, topology=topology, dims=dims, **options.get(name, {}))
    return x


def check_augmentations(names: Sequence[str], options: Options = NO_OPTIONS) -> None:
    """Refuse names and options that do not exist, and say which ones were probably meant."""
    for name in (*names, *options):
        if name not in AUGMENTATIONS:
            raise EdgcnError(f"no augmentation {name!r}{_meant(name, AUGMENTATIONS)}")
    for name, given in options.items():
        parameters = inspect.signature(AUGMENTATIONS[name]).parameters
        known = [key for key in parameters if key not in ("x", "draws", "topology", "dims")]
        for key in given:
            if key not in known:
                raise EdgcnError(f"augmentation {name!r} has no option {key!r}{_meant(key, known)}")


def _meant(word: str, known: Iterable[str]) -> str:
    known = list(known)
    hint = did_you_mean(word, known, cutoff=0.5)
    return f"{hint} (there are: {', '.join(known)})"
