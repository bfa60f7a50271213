"""Settings: sorted into parts, filled by recipes, every mistake in one message; flags and helps."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field, PositiveFloat, PositiveInt, ValidationError

from edgcn import cli
from edgcn.base.errors import EdgcnError
from edgcn.commands.flags import flags_of, help_text, read_flags
from edgcn.commands.settings import (
    POSITIONAL,
    Config,
    Part,
    listed,
    make_config,
    parts_of,
)
from edgcn.commands.yaml_files import read_yaml
from edgcn.presets.recipes import MADE_FOR, RECIPES


class Barlow:
    """Alike.

    Args:
        reconstruct: Weight of the error.
        outputs: Number of outputs.
    """

    def __init__(
        self,
        encoder: object,
        *,
        statistics: object = None,
        reconstruct: float = 0,
        outputs: int = 9,
    ) -> None: ...


class Moco:
    """Keys.

    Args:
        queue_size: Number of keys.
        projector: Contrast behind a projector.
    """

    def __init__(
        self, encoder: object, *, queue_size: PositiveInt = 500, projector: bool = False
    ) -> None: ...


class Mine:
    """A plugin's.

    Args:
        reconstruct: Something else.
        kind: Which kind.
    """

    def __init__(
        self,
        encoder: object,
        *,
        reconstruct: float = 1,
        kind: Literal[1, 2] = 1,
        shots: tuple[PositiveInt, ...] = (1, 5),
    ) -> None: ...


def graph(topology: object, *, in_channels: int = 3, widths: tuple[int, ...] = (8, 8)) -> None:
    """Graph.

    Args:
        widths: Channels of each block.
    """


OBJECTIVES: dict[str, Any] = {"barlow": Barlow, "moco": Moco, "mine": Mine}


class TrainConfig(Config):
    """Learn something."""

    store: Annotated[Path, POSITIONAL]
    """Store to learn from."""
    recipe: Literal["best", "paper"] = "best"
    """What the others are."""
    objective: str = "barlow"
    """What is minimized."""
    objective_settings: dict[str, Any] = Field(default={})
    """Its settings."""
    encoder: str = "edgcn"
    """What encodes."""
    encoder_settings: dict[str, Any] = Field(default={})
    """Its settings."""
    lr: PositiveFloat = 2e-3
    """Learning rate."""
    batch_size: PositiveInt | Literal["auto"] = "auto"
    """Clips per step."""
    steps: PositiveInt | None = 200
    """Steps."""
    epochs: PositiveInt | None = None
    """Passes over the clips."""
    augmentations: tuple[str, ...] | None = None
    """In order."""
    augmentation_settings: dict[str, dict[str, float]] = Field(default={"rotate": {"degrees": 15}})
    """Strengths, in a file."""
    options: dict[str, str] = Field(default={})
    """Pairs."""
    figures: bool = True
    """Draw."""
    strict: bool = False
    """Stop."""

    parts: ClassVar[dict[str, Part]] = {
        "objective": Part(OBJECTIVES, given=("statistics",), chooses="this run trains"),
        "encoder": Part({"edgcn": graph}, given=("in_channels",), flat=False),
    }


class ScoreConfig(Config):
    """Score something."""

    protocol: str = "linear"
    """How."""
    protocol_settings: dict[str, Any] = Field(default={})
    """Its settings."""
    parts: ClassVar[dict[str, Part]] = {"protocol": Part({}, given=("trial",), every="all")}


def linear(trial: object, *, lr: PositiveFloat | Literal["auto"] = 1.0) -> None:
    """Linear."""


def knn(trial: object, *, k: PositiveInt = 1) -> None:
    """Neighbors."""


ScoreConfig.parts["protocol"].registry.update(linear=linear, knn=knn)  # type: ignore[attr-defined]


def train(**values: Any) -> TrainConfig:
    return make_config(TrainConfig, {"store": "s", **values}, where="run.yaml")


def fault(model: type[Config] = TrainConfig, **values: Any) -> str:
    with pytest.raises(EdgcnError) as caught:
        make_config(model, values, where="run.yaml")
    message = str(caught.value)
    assert message.startswith("run.yaml: ")
    assert "\n" not in message
    return message


def test_all_wrong_keys_are_named_at_once() -> None:
    message = fault(
        stor="s", bath_size=3, lr=-2, outptus=1, qqq=1, queue_size=3, reconstruct="much", widths=[3]
    )
    for part in (
        "store is missing",
        "lr: Input should be greater than 0, got -2",
        "unknown key 'stor' (did you mean 'store'?)",
        "unknown key 'bath_size' (did you mean 'batch_size'?)",
        "unknown key 'outptus' (did you mean 'outputs'?)",
        "unknown key 'qqq'",
        "--queue-size belongs to moco; this run trains barlow (say --objective moco)",
        "reconstruct: Input should be a valid number",
        "unknown key 'widths' (did you mean 'encoder_settings.widths'?)",
    ):
        assert part in message
    assert "'qqq' (did" not in message


def test_flat_settings_go_to_the_part_that_is_chosen() -> None:
    made = train(objective="moco", queue_size="64")
    assert made.objective_settings == {"queue_size": 64, "projector": False}
    assert train(objective="moco", objective_settings={"queue_size": 64}) == made
    both = train(objective="moco", objective_settings={"queue_size": 8}, queue_size=64)
    assert both == made


def test_a_part_that_is_not_flat_keeps_what_was_given() -> None:
    made = train(encoder_settings={"widths": [4]})
    assert made.encoder_settings == {"widths": (4,)}
    assert train().encoder_settings == {}
    assert "encoder 'edgcn' has no setting 'width' (did you mean 'widths'?)" in fault(
        store="s", encoder_settings={"width": 3}
    )
    assert "encoder_settings: " in fault(store="s", encoder_settings=3)


def test_what_the_command_provides_is_no_setting() -> None:
    assert "unknown key 'statistics'" in fault(store="s", statistics=3)
    assert "has no setting 'in_channels'" in fault(store="s", encoder_settings={"in_channels": 3})


def test_a_part_that_does_not_exist() -> None:
    message = fault(store="s", objective="mocc", queue_size=3)
    assert "no objective is named 'mocc': there are barlow, moco, mine; did you mean" in message
    assert "--plugin FILE.py" in fault(store="s", objective="quite-another")
    assert "no objective is named ''" in fault(store="s", objective="")
    assert "no objective is named 3" in fault(store="s", objective=3)
    assert "no objective is named ['moco']" in fault(store="s", objective=["moco"])


def test_a_setting_that_the_command_has_too_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def part(encoder: object, *, lr: float = 1) -> None: ...

    monkeypatch.setitem(OBJECTIVES, "clash", part)
    assert "objective 'clash' has a setting 'lr', which the command has" in fault(
        store="s", objective="clash"
    )


def test_every_stands_for_all() -> None:
    made = make_config(ScoreConfig, {"protocol": "all", "k": "3", "lr": "auto"}, where="x")
    assert made.protocol_settings == {"k": 3, "lr": "auto"}
    assert make_config(ScoreConfig, {"protocol": "all"}, where="x").protocol_settings == {}
    assert make_config(ScoreConfig, {}, where="x").protocol_settings == {"lr": 1.0}
    message = fault(ScoreConfig, k=3)
    assert "--k belongs to knn; this run takes linear (say --protocol knn)" in message
    assert "there are linear, knn, all" in fault(ScoreConfig, protocol="nothing")


def test_recipes_belong_to_objectives() -> None:
    assert train().recipe == "best"
    assert train().objective_settings["reconstruct"] == 50
    assert train(reconstruct=2).objective_settings["reconstruct"] == 2
    assert train(objective_settings={"reconstruct": 2}).objective_settings["reconstruct"] == 2
    paper = train(objective="moco")
    assert (paper.recipe, paper.lr, paper.batch_size, paper.steps, paper.epochs) == (
        "paper",
        RECIPES["paper"]["lr"],
        RECIPES["paper"]["batch_size"],
        None,
        RECIPES["paper"]["epochs"],
    )
    assert train(recipe="paper") == paper
    assert train(recipe="paper", lr=3).lr == 3
    own = train(objective="mine")
    assert (own.recipe, own.lr, own.objective_settings["reconstruct"]) == ("best", 2e-3, 1)
    assert train(objective="mine", recipe="paper").epochs == 60
    for recipe, objective, better in (("best", "moco", "paper"), ("paper", "barlow", "best")):
        message = fault(store="s", recipe=recipe, objective=objective)
        assert f"--recipe {recipe} is made for {listed(MADE_FOR[recipe])}, not for" in message
        assert f"leave it out, or say --recipe {better}" in message
    assert listed(MADE_FOR["paper"]) == "moco, predict-cluster and variational"
    assert "recipe: Input should be 'best' or 'paper', got 'bset'" in fault(
        store="s", recipe="bset"
    )


def test_steps_or_epochs() -> None:
    assert (train().steps, train().epochs) == (200, None)
    assert (train(epochs=3).steps, train(epochs=3).epochs) == (None, 3)
    assert train(recipe="paper", steps=7).epochs is None
    assert train(steps=None, epochs=None).steps == 200
    assert "give one of the two" in fault(store="s", steps=3, epochs=3)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"objective": "moco", "queue_size": 3},
        {"objective": "mine", "kind": 2, "shots": [3], "epochs": 9},
        {"recipe": "paper", "steps": 5, "batch_size": 8, "encoder_settings": {"widths": [1]}},
    ],
)
def test_a_config_survives_json(values: dict[str, Any]) -> None:
    """A run saves its config as JSON and is resumed with it."""
    made = train(**values)
    assert train(**made.model_dump(mode="json")) == made
    assert TrainConfig(**made.model_dump()) == made


def test_made_directly_a_config_is_sorted_too() -> None:
    assert TrainConfig(store="s", recipe="paper") == train(recipe="paper")  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="--queue-size belongs to moco"):
        TrainConfig(store="s", queue_size=3)  # type: ignore[arg-type, call-arg]


def parsed(line: str, file: dict[str, Any] | None = None) -> TrainConfig:
    """The config that these words, over a file, make."""
    values, flags = read_flags(TrainConfig, line.split(), file or {}, command="train")
    return make_config(TrainConfig, {**(file or {}), **values}, where="edgcn train", flags=flags)


def test_flags_become_values() -> None:
    made = parsed(
        "--lr=1e-2 s --batch_size 4 --augmentations rotate shear --options seed 1 clips 2 "
        "--no-figures --strict --objective mine --kind 2 --shots 3 4 --shots 5 --reconstruct -1 "
        "--encoder-settings.widths 2 3"
    )
    assert (made.store, made.lr, made.batch_size) == (Path("s"), 0.01, 4)
    assert made.augmentations == ("rotate", "shear")
    assert made.options == {"seed": "1", "clips": "2"}
    assert (made.figures, made.strict) == (False, True)
    assert made.objective_settings == {"kind": 2, "shots": (3, 4, 5), "reconstruct": -1}
    assert made.encoder_settings == {"widths": (2, 3)}
    assert parsed("s --augmentations").augmentations == ()
    assert parsed("s --batch-size auto --strict=false").strict is False


def test_flags_win_over_the_file_and_know_its_parts() -> None:
    file = {"store": "a", "objective": "moco", "queue_size": 8, "lr": 1}
    made = parsed("b --queue-size 4", file)
    assert (made.store, made.lr, made.recipe) == (Path("b"), 1, "paper")
    assert made.objective_settings["queue_size"] == 4


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("s --epohcs 3 --quue-size=4", ["--epohcs (did you mean --epochs?)", "--queue-size?"]),
        ("s --queue-size 64", ["--queue-size belongs to moco; this run trains barlow"]),
        ("s --lr -1 --steps x", ["--lr: Input should be greater than 0, got '-1'", "--steps: "]),
        ("s --objective moco --queue-size 0", ["--queue-size: Input should be greater than 0"]),
        ("s --lr", ["--lr needs a value after it"]),
        ("s --lr --strict", ["--lr needs a value after it"]),
        ("s --options seed", ["--options takes pairs of NAME VALUE, got seed"]),
        ("s t u", ["edgcn train takes STORE; leave out t u"]),
        ("", ["STORE is missing"]),
        ("s --no-lr", ["does not know --no-lr"]),
        ("--store s", ["does not know --store"]),
        ("s --augmentation-settings x", ["does not know --augmentation-settings"]),
    ],
)
def test_mistaken_flags(line: str, parts: list[str]) -> None:
    with pytest.raises(EdgcnError) as caught:
        parsed(line)
    for part in parts:
        assert part in str(caught.value)


def test_help_has_the_flags_of_the_parts_that_are_chosen() -> None:
    text = help_text(TrainConfig, {}, command="train")
    assert text.startswith("usage: edgcn train STORE [--FLAG VALUE ...]\n\nLearn something.\n")
    for part in (
        "--reconstruct FLOAT         Weight of the error. (default: 50.0)",
        "settings of objective barlow:",
        "--objective barlow|moco|mine",
        "--batch-size INT|auto       Clips per step. (default: auto)",
        "--figures, --no-figures     Draw.",
        "--encoder-settings.widths INT ...",
        "Channels of each block. (default: 8 8)",
    ):
        assert part in text
    for part in ("queue-size", "augmentation-settings", "--store", "statistics", "in-channels"):
        assert part not in text
    assert all(len(line) <= 100 for line in text.splitlines())
    moco = help_text(TrainConfig, {"objective": "moco"}, command="train")
    assert "--queue-size INT            Number of keys. (default: 500)" in moco
    assert "--lr FLOAT                  Learning rate. (default: 0.01)" in moco
    mine = help_text(TrainConfig, {"objective": "mine", "reconstruct": 3}, command="train")
    assert "Something else. (default: 3)" in mine
    assert "--kind 1|2" in mine


def test_yaml_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("store: s\nlr: 1e-5\naugmentations: [rotate, shear]\n")
    made = make_config(TrainConfig, read_yaml(file), where=str(file))
    assert (made.lr, made.augmentations) == (1e-5, ("rotate", "shear"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1", "is not YAML"),
        (b"- a\n- b\n", "expected `key: value` lines, got a list"),
        (b"", "expected `key: value` lines, got nothing"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"!!python/object/apply:os.system ['touch x']", "is not YAML"),
        (None, "cannot read config .*: No such file"),
        (b"on: 1\n", "expected a name before each colon, got True"),
        (b"encoder_settings:\n- {2: a}\n", "expected a name before each colon, got 2"),
    ],
)
def test_what_is_not_a_yaml_config(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "a.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(EdgcnError, match=message) as caught:
        read_yaml(file)
    assert "\n" not in str(caught.value)


# The configs of all commands.


def config_of(command: str) -> type[Config]:
    module, name = cli.COMMANDS[command]
    model: type[Config] = getattr(import_module(module), name)
    return model


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_setting_of_a_command_has_a_sentence(command: str) -> None:
    model = config_of(command)
    assert issubclass(model, Config)
    for key, field in model.model_fields.items():
        assert field.description, key
        assert field.description.strip()[-1] in ".)", key
        assert not field.description[0].islower(), key
    for key, part in parts_of(model).items():
        assert f"{key}_settings" in model.model_fields
        for name in part.registry:
            settings = part.settings(name)
            if part.flat:
                assert not settings.keys() & model.model_fields.keys(), name
            for setting in settings.values():
                assert setting.help, f"{name}: {setting.name}"


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_flag_is_in_the_help(command: str) -> None:
    model = config_of(command)
    text = help_text(model, {}, command=command)
    for flag in flags_of(model, {}):
        assert flag.name in text


def test_recipes_name_settings_that_exist() -> None:
    model = config_of("pretrain")
    objectives = parts_of(model)["objective"]
    assert set(MADE_FOR) == set(RECIPES)
    assert {name for made in MADE_FOR.values() for name in made} <= set(objectives.registry)
    for recipe, values in RECIPES.items():
        for key in values:
            known = key in model.model_fields
            assert known or any(key in objectives.settings(name) for name in MADE_FOR[recipe])
        assert make_config(model, {"store": "s", "recipe": recipe}, where="test")


def test_the_papers_settings() -> None:
    """EDGCN, section 4, and where it is silent AS-CAL, of which it is made."""
    made: Any = make_config(config_of("pretrain"), {"store": "s", "recipe": "paper"}, where="test")
    assert (made.encoder, made.objective, made.stream) == ("edgcn", "moco", "joint")
    assert (made.optimizer, made.weight_decay, made.lr) == ("sgd", 1e-4, 0.01)
    assert (made.epochs, made.steps, made.batch_size, made.readout) == (60, None, 32, "mean")
    assert made.objective_settings == {
        "queue_size": 500,
        "temperature": 0.06,
        "momentum": 0.999,
        "projector": False,
    }
    probe: Any = make_config(config_of("evaluate"), {"model": "r", "store": "s"}, where="test")
    assert probe.protocol == "linear"
    assert (probe.protocol_settings["lr"], probe.protocol_settings["epochs"]) == (1.0, 90)
