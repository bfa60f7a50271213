"""Configs: every wrong key at once, YAML, and defaults that agree with the parts they name."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from edgcn import config
from edgcn.augment.compose import PAPER
from edgcn.base.errors import EdgcnError
from edgcn.commands.config import (
    OWN_AUGMENTATIONS,
    DemoConfig,
    EvaluateConfig,
    InfoConfig,
    PrepareConfig,
    PretrainConfig,
    ReportConfig,
    augmentations_of,
)
from edgcn.commands.config_io import make_config, read_yaml
from edgcn.models import ENCODERS
from edgcn.objectives import OBJECTIVES
from edgcn.objectives.predict_cluster import DECODERS
from edgcn.pipeline.features import STREAMS
from edgcn.pipeline.normalize import NORMALIZATIONS

MODELS = {
    PrepareConfig: {"reader": "ntu", "path": "in", "out": "out"},
    PretrainConfig: {"store": "s"},
    EvaluateConfig: {"run": "r", "store": "s"},
    InfoConfig: {"store": "s"},
    ReportConfig: {"runs": ["a", "b"], "out": "o"},
    DemoConfig: {},
}


def test_all_wrong_keys_are_named_at_once():
    values = {"stor": "s", "bath_size": 3, "epochs": -2, "temprature": 1, "qqq": 1}
    with pytest.raises(EdgcnError) as caught:
        make_config(PretrainConfig, values, where="run.yaml")
    message = str(caught.value)
    assert message.startswith("run.yaml: ")
    assert "\n" not in message
    for part in (
        "store is missing",
        "epochs: Input should be greater than or equal to 0, got -2",
        "unknown key 'stor' (did you mean 'store'?)",
        "unknown key 'bath_size' (did you mean 'batch_size'?)",
        "unknown key 'temprature' (did you mean 'temperature'?)",
        "unknown key 'qqq'",
    ):
        assert part in message
    assert "'qqq' (did" not in message


@pytest.mark.parametrize("model", MODELS)
def test_a_config_survives_json(model: type[BaseModel]):
    """A run saves its config as JSON and is resumed with it."""
    made = make_config(model, MODELS[model], where="test")
    again = make_config(model, made.model_dump(mode="json"), where="test")
    assert again == made


@pytest.mark.parametrize("model", MODELS)
def test_configs_are_frozen_and_every_field_has_its_help(model: type[BaseModel]):
    made = make_config(model, MODELS[model], where="test")
    with pytest.raises(ValidationError):
        made.__setattr__(next(iter(model.model_fields)), None)
    source = Path(config.__file__).read_text()
    body = source.partition(f"class {model.__name__}(")[2].partition("\n\n\n")[0]
    assert body.count('"""') == 2 * (1 + len(model.model_fields))


def test_the_default_augmentations_are_the_papers():
    assert augmentations_of(PretrainConfig(recipe="paper", store=Path("s"))) == PAPER


def test_every_objective_has_its_own_augmentations():
    assert set(OWN_AUGMENTATIONS) == set(OBJECTIVES)
    assert set(PretrainConfig.model_fields["objective"].annotation.__args__) == set(OBJECTIVES)
    assert set(PretrainConfig.model_fields["decoder"].annotation.__args__) == set(DECODERS)
    mine = PretrainConfig(recipe="paper", store=Path("s"), objective="variational")
    assert augmentations_of(mine) == ()
    chosen = PretrainConfig(
        recipe="paper", store=Path("s"), objective="variational", augmentations=("noise",)
    )
    assert augmentations_of(chosen) == ("noise",)


def test_the_papers_settings():
    """METHOD: SGD, weight decay 1e-4, temperature 0.06, queue 500, 60 epochs, batch 32, m 0.999."""
    made = PretrainConfig(recipe="paper", store=Path("s"))
    assert (made.optimizer, made.weight_decay, made.temperature) == ("sgd", 1e-4, 0.06)
    assert (made.queue_size, made.epochs, made.batch_size, made.momentum) == (500, 60, 32, 0.999)
    probe = EvaluateConfig(run=Path("r"), store=Path("s"))
    assert (probe.protocol, probe.epochs, probe.lr) == ("linear", 90, 1.0)
    assert made.readout == "mean"


def test_names_in_the_help_are_names_that_exist():
    source = Path(config.__file__).read_text()
    encoders = source.partition('encoder: str = "edgcn"\n    """')[2].partition('."""')[0]
    names = " ".join(encoders.replace(" or", ",").split())
    assert set(names.split(", ")) == set(ENCODERS)
    fields = PretrainConfig.model_fields
    streams = [name.split("+") for name in get_args(fields["stream"].annotation)]
    assert {name for some in streams for name in some} == set(STREAMS)
    for some in streams:
        assert some == [name for name in STREAMS if name in some]  # each once, in one order
    assert set(fields["normalize"].annotation.__args__) == set(NORMALIZATIONS)


def test_numbers_among_reader_options_become_text():
    """YAML has no other way to say `clips: 60`."""
    values = {"reader": "synthetic", "out": "o", "options": {"clips": 60, "kind": "2d"}}
    made = make_config(PrepareConfig, values, where="test")
    assert made.options == {"clips": "60", "kind": "2d"}


def test_yaml_is_read(tmp_path: Path):
    file = tmp_path / "a.yaml"
    file.write_text("store: s\nlr: 1.0e-5\naugmentations: [rotate, shear]\n")
    made = make_config(PretrainConfig, read_yaml(file), where=str(file))
    assert (made.lr, made.augmentations) == (1e-5, ("rotate", "shear"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1", "is not YAML"),
        (b"- a\n- b\n", "expected `key: value` lines, got list"),
        (b"", "expected `key: value` lines, got NoneType"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"!!python/object/apply:os.system ['touch x']", "is not YAML"),
        (None, "cannot read config .*: No such file"),
    ],
)
def test_what_is_not_a_yaml_config(tmp_path: Path, content: bytes | None, message: str):
    file = tmp_path / "a.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(EdgcnError, match=message) as caught:
        read_yaml(file)
    assert "\n" not in str(caught.value)
