"""A recognizer's own classifier, as it is, beside logistic regression on the baselines."""

from dataclasses import replace

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.protocols import logistic
from edgcn.evaluation.trial import Classifier, Outcome, Task, Trial


def known_classes(task: Task, classifier: Classifier | None) -> list[str]:
    """The classes of a recognizer that is to be judged by them.

    Raises:
        EdgcnError: there are none, or they lack a class of the task.
    """
    if classifier is None:
        raise EdgcnError(
            "this model has learned no classes to be judged by; fit it with `edgcn fit MODEL STORE "
            "--out NEW.edgcn`, or choose another --protocol"
        )
    known = list(classifier.classes)
    if absent := [name for name in task.classes if name not in known]:
        raise EdgcnError(
            f"this recognizer does not know the classes {', '.join(absent)}, only "
            f"{', '.join(known)}; fit one on this store with `edgcn fit`, or choose another "
            f"--protocol"
        )
    return known


def fitted(trial: Trial) -> Outcome:
    """The recognizer's own classifier, as it is.

    Raises:
        EdgcnError: there is none, or it does not know a class of the store.
    """
    task, classifier, method = trial.task, trial.classifier, trial.method
    known = known_classes(task, classifier)
    assert classifier is not None
    baselines = [each for each in trial.features if each.kind != "method"]
    rows = logistic(replace(trial, features=baselines)).rows
    probabilities = classifier.probe.probabilities(method.values[task.tested])
    scores = np.asarray(probabilities[:, [known.index(name) for name in task.classes]])
    row = task.scored(
        "fitted",
        scores,
        f"{method.name}, as fitted",
        chosen={"C": classifier.strength},
        learned=", ".join(dict.fromkeys(x for x in (method.learned, classifier.learned) if x)),
    )
    return Outcome([*rows, row], None, scores, task.tested, notes=classifier.notes)
