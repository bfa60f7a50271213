"""The card beside the released weights says what they say of themselves."""

import json

import pytest
import yaml

import edgcn
from edgcn.experiments.model_card import files
from edgcn.inference.released import HERE, RELEASED


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return files()


@pytest.mark.parametrize("name", ["README.md", "config.json"])
def test_the_files_are_those_of_the_weights(name: str, made: dict[str, str]) -> None:
    assert (HERE / name).read_text(encoding="utf-8") == made[name], (
        "run `python -m edgcn.experiments.model_card`"
    )


def test_the_card_is_one_for_the_hub(made: dict[str, str]) -> None:
    _, head, text = made["README.md"].split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert metadata["library_name"] == "edgcn"
    assert metadata["license"] == "mit"
    for name in RELEASED:
        assert f"`{name}.edgcn`" in text
    config = json.loads(made["config.json"])
    assert config["library_name"] == "edgcn"
    assert list(config["models"]) == list(RELEASED)
    for name, model in config["models"].items():
        assert model["people"] == []  # as the card claims
        assert tuple(model["joints"]) == edgcn.TOPOLOGIES[model["topology"]].joints
        assert model["settings"]["encoder"] == name
