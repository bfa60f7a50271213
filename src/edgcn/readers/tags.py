"""The rules that names of split tags spell: xsub_train and xsub_val make `xsub`."""

import re
from collections.abc import Iterable, Mapping

from edgcn.skeleton.recording import SplitRule

_ROLES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validate", "validation", "dev"),
    "test": ("test", "testing"),
}
_ROLE_OF = {word: role for role, words in _ROLES.items() for word in words}
_WORDS = "|".join(sorted(_ROLE_OF, key=len, reverse=True))
_PART = re.compile(rf"(?:(.*)[_\-. ])?({_WORDS})[_\-. ]?(\d*)|({_WORDS})[_\-. ](.*)")
_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")  # xsubTrain


def split_rules(parts: Iterable[str]) -> dict[str, SplitRule]:
    """Rules out of names, in any case: xsub_train and xsub_val make `xsub`; train and val `split`.

    Where a split has test and validation parts, test tests and validation stays aside.
    """
    return {
        family: SplitRule(by="split", train=(roles["train"],), test=(held_out,))
        for family, roles in _families(parts).items()
        if (held_out := roles.get("test", roles.get("val"))) and "train" in roles
    }


def split_note(rules: Mapping[str, SplitRule], tags: Iterable[str]) -> str:
    """What of the parts is in no rule, and which clips are in both parts of one; else nothing.

    Args:
        tags: of each clip, its parts separated by spaces.
    """
    of_clips = [set(text.split()) for text in tags]
    named = sorted(set[str]().union(*of_clips))
    families = _families(named)
    of_rules = [roles for name, roles in families.items() if name in rules]
    if len(named) == 1:
        of_rules = [*families.values()]  # a part that is alone makes no split, and needs none
    used = {part for roles in of_rules for part in roles.values()}
    notes = []
    if odd := [part for part in named if part not in used]:
        notes.append(
            f"parts {', '.join(odd)} make no split: expected names like train, val and test, "
            f"xsub_train and xsub_val, each once"
        )
    for name, rule in rules.items():
        tested = [clip for clip in of_clips if clip & set(rule.test)]
        both = sum(bool(clip & set(rule.train)) for clip in tested)
        if both:
            notes.append(
                f"split {name!r}: {both} of the {len(tested)} clips in {rule.test[0]!r} are in "
                f"{rule.train[0]!r} as well, and are not tested on"
            )
    return "; ".join(notes)


def _families(parts: Iterable[str]) -> dict[str, dict[str, str]]:
    """Parts by their role, by what else their names say; of two in one role the first."""
    families: dict[str, dict[str, str]] = {}
    for part in parts:
        if matched := _PART.fullmatch(_WORD_ENDS.sub("_", part).lower()):
            prefix, word, number, first, suffix = matched.groups()
            name = suffix if first else f"{prefix}{number}" if prefix else f"split{number}"
            families.setdefault(name, {}).setdefault(_ROLE_OF[word or first], part)
    return families


def parts_note(parts: Mapping[str, Iterable[int]]) -> str:
    """Named where the labels of one part are those of another, each one higher; else nothing."""
    ranges = {
        part: (min(known), max(known))
        for part, labels in parts.items() if (known := [n for n in labels if n >= 0])
    }  # fmt: skip
    for part, (low, high) in ranges.items():
        for other, (lowest, highest) in ranges.items():
            if (low, high) == (lowest + 1, highest + 1):
                return (
                    f"labels of {part} are {low} to {high} and those of {other} {lowest} to "
                    f"{highest}: one of them may count from another number, then its classes are "
                    f"one off"
                )
    return ""
