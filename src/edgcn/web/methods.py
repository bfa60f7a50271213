"""A paragraph for the methods section of a paper: what was done, with which numbers."""

from importlib.metadata import PackageNotFoundError, version

from edgcn.base.words import count
from edgcn.inference.learn import FITS, FITS_NOT, STRENGTH
from edgcn.web.features import GRID, LENGTHS
from edgcn.web.studio import SENTENCES, Studio, corrected, sorted_rounds
from edgcn.web.worth import IOU


def methods(studio: Studio) -> str:
    """The paragraph, of what is in the journal now."""
    store, coding = studio.store, studio.coding
    counts = corrected(coding.rows())
    rounds = sorted_rounds(coding.under("round"))
    people = len(set(studio.people))
    hours = sum(coding.seconds.values()) / 60
    total = sum(counts[name] for name in ("annotated", "accepted", "edited"))
    lines = [
        f"{count(len(studio.names), 'recording')} of {count(people, 'person', 'people')} "
        f"({hours:.1f} minutes; skeletons of {len(store.topology)} joints, "
        f"{store.topology.name}) were coded with edgcn {_version('edgcn')} "
        f"(PyTorch {_version('torch')}, scikit-learn {_version('scikit-learn')}).",
        f"The coding scheme has {count(len(coding.under('label')), 'label')}: "
        f"{', '.join(coding.under('label')) or 'none yet'}.",
    ]
    if rounds:
        lengths = ", ".join(f"{length:g}" for length in LENGTHS)
        lines.append(
            f"Events were suggested in {count(len(rounds), 'round')}: windows of {lengths} s, "
            f"every {GRID.step:g} s or an eighth of their length, with half a window beside them, "
            f"were read from {studio.title}, whose weights were not changed; logistic regression "
            f"(C = {STRENGTH:g}) with a class for none of the labels learned from windows that "
            f"share at least {FITS:g} of their union with a coded event, against windows below "
            f"{FITS_NOT:g}; the likeliest were kept, and those that overlap them dropped."
        )
    lines.append(
        f"Of {count(total, 'event')}, {counts['annotated']} were coded by hand, "
        f"{counts['accepted']} were suggested and accepted as they were, and {counts['edited']} "
        f"were suggested and corrected by hand; {count(counts['rejected'], 'suggestion')} rejected."
    )
    if rounds and rounds[-1].get("f1") is not None:
        last = rounds[-1]
        kappa = "not defined" if last["kappa"] is None else f"{last['kappa']:.2f}"
        lines.append(
            f"On people that it had not learned from ({count(last['events'], 'coded event')} in "
            f"{count(last['recordings'], 'recording')}), the last round reached an event F1 of "
            f"{last['f1']:.2f} (one to one, intersection over union of at least {IOU:g}) and a "
            f"kappa of {kappa} against the coder (EasyDIAg, 60 % overlap)."
        )
    if store.note:
        lines.append(f"Of the recordings: {store.note}.")
    lines.append(SENTENCES[0])
    return " ".join(lines)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(unknown version)"
