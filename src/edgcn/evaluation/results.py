"""Results as people see them: the lines after an evaluation, and the figures in its folder.

Outcome -> table and what was chosen for it; bars, confusion matrix, map of the test clips
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from edgcn.evaluation.rows import Row
from edgcn.evaluation.trial import Outcome, Task, confusion_of
from edgcn.reports.bars import results_bars
from edgcn.reports.plots import confusion_matrix_plot, embedding_map
from edgcn.reports.tables import main_score, results_table, with_labels


def lines(
    rows: Sequence[Row], *, protocol: str, metadata: Mapping[str, Any], seed: int
) -> list[str]:
    """The table, and what was chosen for it.

    Args:
        metadata: of the outcome.
        seed: of the evaluation.
    """
    found = [results_table(rows, protocol=protocol)]
    for name in dict.fromkeys(name for row in rows for name in row.chosen):
        chosen = [f"{row.chosen[name]:g} ({row.name})" for row in rows if name in row.chosen]
        found.append(f"{name} chosen on held-out training subjects: {', '.join(chosen)}")
    if "draws" in metadata:
        found.append(
            f"mean of {metadata['draws']} choices of labelled clips, the same for every method "
            f"(seed {seed}); majority class: of all training labels"
        )
    return found


def draw(
    folder: Path,
    protocol: str,
    task: Task,
    outcome: Outcome,
    features: Float[np.ndarray, "all d"] | None = None,
) -> list[Path]:
    """Bars beside the baselines; where clips are named the confusion matrix; a map of the tested.

    Args:
        features: of all clips, what the outcome's probe reads; without them no map is drawn.
    """
    figures = []
    if (matrix := confusion_of(outcome, task)) is not None:
        figures.append(confusion_matrix_plot(matrix, task.classes, folder / "confusion.png"))
    if features is not None:
        figures.append(
            embedding_map(
                features[task.tested],
                task.true,
                task.classes,
                folder / "embedding.png",
                seed=task.seed,
                subjects=task.people.tolist(),
            )
        )
    bars = results_bars(
        with_labels(outcome.rows), folder / "results.png", score=main_score(protocol)
    )
    return [*figures, bars]
