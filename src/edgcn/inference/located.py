"""Where the file of a model is: of a run, of released weights, or a file by itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.files import as_path
from edgcn.inference.released import RELEASED, released
from edgcn.runs import Run


def located(model: Run | str | Path) -> Path:
    """The file of a model.

    Raises:
        EdgcnError: there is no such run, file or name.
    """
    path = as_path(model, "a run, a recognizer, its file or the name of released weights")
    if (path / "store.json").is_file():
        raise EdgcnError(
            f"{path} is a store, where a model is expected; the model comes first and then the "
            f"store, as in `edgcn evaluate MODEL {path}`"
        )
    if (path / "run.json").is_file() and not Run(path).recognizer.is_file():
        raise EdgcnError(
            f"no epoch of the run {path} is finished; go on with `edgcn pretrain --resume {path}`"
        )
    if path.is_dir():
        return Run(path).recognizer
    if str(model) in RELEASED and not path.exists():
        return released(str(model))
    if not path.is_file():
        hint = did_you_mean(str(model), RELEASED)
        raise EdgcnError(
            f"{model} does not exist; expected a run, a recognizer's file, or the name of released "
            f"weights: {', '.join(RELEASED)}{hint}"
        )
    return path


def check_run(model: Run | str | Path, file: Path, said: Mapping[str, Any]) -> None:
    """Refuse a run whose settings are not those that its recognizer was made with.

    Raises:
        EdgcnError: names the first that differs.
    """
    run = Run(Path(model))
    if not (run.path / "run.json").is_file():
        return
    for name, value in run.config.items():
        if said.get(name) != value:
            raise EdgcnError(
                f"{run.path / 'run.json'}: config.{name} is {value!r}, and {file} "
                f"was made with {said.get(name)!r}; one of the two was changed"
            )
