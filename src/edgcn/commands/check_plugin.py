"""`edgcn check-plugin`: whether the parts of a plugin keep the contracts that the tool relies on.

FILE.py -> what it registers -> what is missing, part by part
"""

import inspect
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.base.parts import REQUIRED, settings_of
from edgcn.base.plugins import REGISTRIES, load_plugin
from edgcn.base.screen import tell
from edgcn.commands.pretrain import PretrainConfig
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.models.build import GIVEN, build_encoder
from edgcn.objectives import ClipStatistics, Views, traits
from edgcn.objectives.build import build_objective, check_objective
from edgcn.skeleton.layouts import KINECT_V1
from edgcn.skeleton.recording import Recording, Recordings, Skipped
from edgcn.store import open_store, write_store
from edgcn.training.learner import Learner

CLIPS, FRAMES, STEPS = 6, 16, 3
SMALL: dict[str, Any] = {"widths": [8, 8], "strides": [1, 2], "embed_dim": 16}  # of edgcn-s


class CheckPluginConfig(Config):
    """Check the encoders, objectives and readers of a plugin, and say what they lack."""

    file: Annotated[Path, POSITIONAL]
    """The Python file that registers them."""
    path: Path | None = None
    """Recordings for a reader of the plugin to read."""


def command(config: CheckPluginConfig) -> str:
    """Check, and say what comes next.

    Raises:
        EdgcnError: the file registers nothing, or a part lacks something.
    """
    plugin = load_plugin(config.file)
    if not plugin.parts:
        raise EdgcnError(
            f"{config.file} registers nothing; it calls edgcn.register_encoder, "
            f"edgcn.register_objective or edgcn.register_reader with a name and a class or function"
        )
    lacking = 0
    for kind, name in plugin.parts:
        problems = check_part(kind, name, path=config.path)
        lacking += bool(problems)
        tell(f"{kind} {name}: {'ok' if not problems else ''}".rstrip())
        for problem in problems:
            tell(f"  {problem}")
    if lacking:
        raise EdgcnError(f"{lacking} of {len(plugin.parts)} parts lack what is listed above")
    flags = [f"--{kind} {name}" for kind, name in plugin.parts if kind != "reader"]
    following = ["edgcn pretrain STORE", *flags] if flags else [f"edgcn prepare {name} PATH"]
    return f"checked {config.file}   next: {' '.join(following)} --plugin {config.file}"


def check_part(kind: str, name: str, *, path: Path | None = None) -> list[str]:
    """What a registered part lacks; nothing where it keeps its contract.

    Args:
        kind: "encoder", "objective" or "reader".
        path: Recordings, for a reader.
    """
    checks: dict[str, Callable[[str], Iterator[str]]] = {
        "encoder": lacks_of_encoder,
        "objective": lacks_of_objective,
        "reader": partial(lacks_of_reader, path=path),
    }
    problems = []
    try:
        for problem in checks[kind](name):
            problems.append(problem)  # what came before an error is kept
    except Exception as error:
        text = str(error)
        if not isinstance(error, EdgcnError):
            last = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{type(error).__name__}: {text} ({Path(last.filename).name}:{last.lineno})"
        problems.append(text)
    return problems


def lacks_of_settings(part: Callable[..., Any], given: tuple[str, ...]) -> Iterator[str]:
    """Settings that nobody could find, understand or leave out."""
    for argument in list(inspect.signature(part).parameters.values())[1:]:
        if argument.kind is argument.POSITIONAL_OR_KEYWORD and argument.name not in given:
            yield f"{argument.name} stands before the `*`: only keyword arguments are settings"
    for name, setting in settings_of(part, given=given).items():
        if not setting.help:
            yield f"setting {name} has no help: describe it under `Args:` in the docstring"
        if setting.annotation is Any:
            yield f"setting {name} has no type"
        if setting.default is REQUIRED:
            yield f"setting {name} has no default"


def random_clips(*, channels: int = 3, bodies: int = 1, seed: int = 0) -> Tensor:
    """(N, C, T, V, M) of noise."""
    shape = (CLIPS, channels, FRAMES, len(KINECT_V1), bodies)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def lacks_of_encoder(name: str) -> Iterator[str]:
    """Shapes, gradients, one clip's independence of another, and numbers that stay finite."""
    yield from lacks_of_settings(REGISTRIES["encoder"][name], GIVEN)
    for channels, bodies in ((3, 1), (9, 2)):
        where = f"with in_channels={channels} and bodies={bodies}"
        torch.manual_seed(0)
        encoder = build_encoder(name, {}, topology=KINECT_V1, in_channels=channels, bodies=bodies)
        clips = random_clips(channels=channels, bodies=bodies)
        vectors, size = encoder(clips), encoder.embed_dim
        if vectors.shape != (CLIPS, size):
            expected = (CLIPS, size)
            yield f"{where}: expected vectors {expected} of embed_dim, got {tuple(vectors.shape)}"
            return
        vectors.square().sum().backward()
        idle = [key for key, weight in encoder.named_parameters() if weight.grad is None]
        if idle:
            yield f"{where}: no gradient reaches {', '.join(idle)}"
        encoder.eval()
        with torch.no_grad():
            vectors, alone = encoder(clips), encoder(clips[:1])
            still = encoder(torch.zeros_like(clips))
        if not torch.allclose(vectors[:1], alone, rtol=1e-3, atol=1e-4):
            yield f"{where}: in evaluation a clip's vector depends on the other clips of its batch"
        if vectors.dtype != torch.float32:
            yield f"{where}: expected float32, got {vectors.dtype}"
        if not (vectors.isfinite().all() and still.isfinite().all()):
            yield f"{where}: the vectors are not finite (clips of zeros have nobody in them)"
        if hasattr(encoder, "features"):
            yield from lacks_of_features(encoder, clips)


def lacks_of_features(encoder: Any, clips: Tensor) -> Iterator[str]:
    """The optional map that other readouts than `mean` read."""
    with torch.no_grad():
        shape = tuple(encoder.features(clips).shape)
    if len(shape) != 4 or shape[:2] != (CLIPS, getattr(encoder, "feature_dim", None)):
        yield f"features: expected (N, feature_dim, frames, joints), got {shape}"


def lacks_of_objective(name: str) -> Iterator[str]:
    """A loss that is finite, descends into the encoder, and can be trained."""
    yield from lacks_of_settings(REGISTRIES["objective"][name], ("statistics",))
    settings = settings_of(REGISTRIES["objective"][name], given=("statistics",))
    for key in settings.keys() & PretrainConfig.model_fields.keys():
        yield f"setting {key} has the name of a setting of `edgcn pretrain`; rename it"
    torch.manual_seed(0)
    check_objective(name, {}, batch=CLIPS)
    encoder = build_encoder("edgcn-s", SMALL, topology=KINECT_V1, in_channels=3, bodies=1)
    statistics = ClipStatistics(torch.zeros(3, len(KINECT_V1), 1), torch.ones(3), FRAMES)
    objective = build_objective(name, encoder, {}, statistics=statistics)
    learner, its = Learner(objective).train(), traits(objective)
    weights = [weight for weight in learner.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-3)
    views = Views(*(random_clips(seed=seed) for seed in range(3)))
    if its.fills:
        assert its.fill is not None
        its.fill(views)
    for step in range(STEPS):
        loss = learner(views.first, views.second, views.clip)
        if loss.shape != () or not loss.isfinite():
            yield f"expected a loss of one finite number, got {loss.detach()} in step {step + 1}"
            return
        loss.backward()
        if step == 0 and not any(weight.grad is not None for weight in encoder.parameters()):
            yield "no gradient reaches the encoder"
        optimizer.step()
        optimizer.zero_grad()
        its.after_step()
    for key, value in its.measures().items():
        if value.shape != () or not value.isfinite():
            yield f"measure {key}: expected one finite number, got {value}"


def lacks_of_reader(name: str, *, path: Path | None = None) -> Iterator[str]:
    """Recordings that a store takes; without a path, a mistake that is told as one."""
    read = REGISTRIES["reader"][name]
    yield from lacks_of_settings(read, ())
    first = next(iter(inspect.signature(read).parameters.values()), None)
    if path is None and (first is None or first.default is inspect.Parameter.empty):
        try:
            items = list(read(Path("there-is-no-such-path")).recordings)
        except EdgcnError:
            return
        if not all(isinstance(item, Skipped) for item in items):
            yield "a path that does not exist is read; expected an EdgcnError"
        return
    recordings = read(path)
    if not isinstance(recordings, Recordings):
        yield f"expected it to return Recordings, got {type(recordings).__name__}"
        return
    items = list(recordings.recordings)
    for item in items:
        if not isinstance(item, Recording | Skipped):
            yield f"expected Recording or Skipped in `recordings`, got {type(item).__name__}"
            return
        if isinstance(item, Recording) and item.frames.dtype != np.float32:
            yield f"{item.name}: expected frames of float32, got {item.frames.dtype}"
    with tempfile.TemporaryDirectory() as folder:
        write_store(replace(recordings, recordings=items), Path(folder) / "store", strict=True)
        if not len(open_store(Path(folder) / "store").recordings.names):
            yield f"there is no recording in {path}"
