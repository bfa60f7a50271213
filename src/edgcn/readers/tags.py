"""The rules that names of split tags spell: xsub_train and xsub_val make `xsub`."""

import re
from collections.abc import Iterable

from edgcn.skeleton.recording import SplitRule

_PART = re.compile(r"(.*?)_?(train|val|valid|test)(\d*)")


def split_rules(parts: Iterable[str]) -> dict[str, SplitRule]:
    """Rules out of names: xsub_train and xsub_val make `xsub`; train and val make `split`.

    Where a split has test and validation parts, test tests and validation stays aside.
    """
    families: dict[str, dict[str, str]] = {}
    for part in parts:
        if matched := _PART.fullmatch(part):
            prefix, role, number = matched.groups()
            family = f"{prefix}{number}" if prefix else f"split{number}"
            families.setdefault(family, {})["val" if role == "valid" else role] = part
    return {
        family: SplitRule(by="split", train=(roles["train"],), test=(held_out,))
        for family, roles in families.items()
        if (held_out := roles.get("test", roles.get("val"))) and "train" in roles
    }
