"""Where a recognizer comes from, and who was learned from on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgcn.base.plugins import loaded
from edgcn.store.learned import Learned


@dataclass(frozen=True)
class Provenance:
    """Where a recognizer comes from.

    Args:
        title: of the method, as tables call it.
        config: settings of the pre-training, flat.
        pretrained: frames and people that the encoder learned from, without labels.
        fitted: those that the classifier learned from, with labels.
        notes: cautions about the data behind it.
        versions: of the packages that made it.
        plugins: files that its parts come from.
    """

    title: str
    config: Mapping[str, Any]
    pretrained: Learned
    fitted: Learned | None = None
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[Mapping[str, str], ...] = ()

    @property
    def seed(self) -> int:
        """Of the pre-training."""
        return int(self.config.get("seed", 0))


def plugin_records() -> tuple[Mapping[str, str], ...]:
    """The plugins of this process, as a run or a recognizer remembers them."""
    return tuple(plugin.record() for plugin in loaded())
