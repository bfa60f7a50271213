"""One table of several evaluations: seeds are averaged, settings some apart, pairs compared."""

from pathlib import Path
from typing import Any

import pytest

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.compare import Compared, compare, measured
from edgcn.evaluation.rows import Kind, Row

TITLE = "EDGCN (edgcn-s)"
PLACES: dict[Kind, str] = {"majority": "majority class", "raw": "raw coordinates",
                           "random": "random encoder", "method": TITLE}  # fmt: skip
CONFIG: dict[str, Any] = {
    "store": "stores/ntu", "out": "runs/a", "encoder": "edgcn-s", "encoder_settings": {},
    "objective": "moco", "objective_settings": {"temperature": 0.06, "queue_size": 500},
    "moments": False, "stream": "joint", "frames": 64, "normalize": "paper", "lr": 0.01,
    "readout": "mean",
    "augmentations": ["noise"], "augmentation_settings": {}, "seed": 0, "threads": 1,
}  # fmt: skip


def made_up(score: float = 0.1, *, readout: str = "mean", probe: Any = None, transfer: Any = None,
            protocol: str = "linear", **config: Any) -> dict[str, Any]:  # fmt: skip
    """An evaluation whose top-1 values are made up: `score` plus 0.1 a row."""
    settings = CONFIG | config
    rows = [
        Row(kind, name, {"top1": score + place / 10, "low": 0.1, "high": 0.9}, 30)
        for place, (kind, name) in enumerate(PLACES.items())
    ]
    model = {"name": "a", "config": settings, "seed": settings["seed"], "digest": "0"}
    return {
        "rows": [row.to_dict() for row in rows],
        "store": "stores/smg",
        "split": "mine",
        "protocol": protocol,
        "protocol_settings": {"lr": 1.0, "epochs": 90} | (probe or {}),
        "readout": readout,
        "title": TITLE,
        "transfer": transfer or {"skeleton": "remap", "depth": "zero", "notes": []},
        "notes": ["made up"],
        "model": model,
    }


def few(score: float, seed: int = 0, **config: Any) -> dict[str, Any]:
    """The same by few-shot, with 1 and 5 labels per class; more labels, more score."""
    data = made_up(score, protocol="few-shot", seed=seed, **config)
    rows = [Row.from_dict(row) for row in data["rows"]]
    some = [
        Row(row.kind, row.name, {"top1": row.main + amount / 50}, 30, f"{amount} per class",
            float(amount))
        for amount in (5, 1) for row in rows[1:]
    ]  # fmt: skip
    return data | {"rows": [row.to_dict() for row in (rows[0], *some)]}


def table(*results: dict[str, Any]) -> list[Compared]:
    return compare([row for each in results for row in measured(each)])


def named(*results: dict[str, Any]) -> dict[str, Row]:
    """The rows by name."""
    found = {each.row.name: each.row for each in table(*results)}
    assert len(found) == len(table(*results))
    return found


def test_seeds_of_one_setting_are_one_row() -> None:
    rows = named(*(made_up(s, seed=seed, threads=seed + 1, out=f"runs/{seed}")
                   for seed, s in ((2, 0.3), (0, 0.1), (1, 0.2))))  # fmt: skip
    assert list(rows) == list(PLACES.values())
    assert [row.main for row in rows.values()] == pytest.approx([0.2, 0.3, 0.4, 0.5])
    last = rows[TITLE]
    assert last.seeds == (0, 1, 2)
    assert last.spread == pytest.approx(0.0816, abs=1e-4)
    assert (last.n, last.is_baseline) == (30, False)


OTHER_SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"objective_settings": {"temperature": 0.2, "queue_size": 500}}, "temperature 0.2"),
    ({"normalize": "canonical"}, "normalize canonical"),
    ({"store": "stores/imigue"}, "store imigue"),
    ({"lr": 0.1}, "lr 0.1"),
    ({"augmentations": ["noise", "blur"]}, "augmentations noise blur"),
    ({"augmentation_settings": {"rotate": {"degrees": 15}}}, "rotate degrees 15"),
    ({"encoder_settings": {"widths": [8, 8]}}, "widths 8 8"),
    ({"probe": {"lr": 0.3}}, "probe lr 0.3"),
    ({"readout": "pyramid"}, "readout pyramid"),
]


@pytest.mark.parametrize(("other", "words"), OTHER_SETTINGS, ids=[w for _, w in OTHER_SETTINGS])
def test_other_settings_are_other_rows_that_name_them(other: dict[str, Any], words: str) -> None:
    methods = [each.row for each in table(made_up(0.1), made_up(0.3, **other))
               if each.row.kind == "method"]  # fmt: skip
    assert [row.main for row in methods] == pytest.approx([0.4, 0.6])
    assert methods[1].name == f"{TITLE}, {words}"
    assert words not in methods[0].name


def test_an_untrained_encoder_is_averaged_only_over_what_it_depends_on() -> None:
    results = [
        made_up(0.1),
        made_up(0.3, objective_settings={"temperature": 0.2}),
        made_up(0.5, readout="pyramid"),
        made_up(0.6, frames=32),
        made_up(0.7, encoder_settings={"widths": [8]}),
    ]
    found = {name: row for name, row in named(*results).items() if row.kind == "random"}
    assert [row.main for row in found.values()] == pytest.approx([0.4, 0.7, 0.8, 0.9])
    assert "readout pyramid" in list(found)[1]
    assert "frames 32" in list(found)[2]
    assert "widths 8" in list(found)[3]


def test_ways_to_meet_another_skeleton_are_rows_of_their_own() -> None:
    ways: Any = ({"skeleton": how, "depth": "zero", "notes": []} for how in ("remap", "rebuild"))
    rows = named(*(made_up(0.1 * n, transfer=way) for n, way in enumerate(ways)))
    scores = [rows[f"random encoder, skeleton {how}"].main for how in ("remap", "rebuild")]
    assert scores == pytest.approx([0.2, 0.3])
    assert len(rows) == 6


def test_an_untrained_encoder_that_read_adapted_clips_depends_on_its_store() -> None:
    transfer = {"skeleton": "remap", "depth": "zero", "notes": ["the store's joints by name"]}
    rows = named(made_up(0.1, transfer=transfer), made_up(0.2, transfer=transfer, store="s/utd"))
    assert {"random encoder, store ntu", "random encoder, store utd"} <= set(rows)


def test_differences_are_to_the_first_method_of_the_same_seeds() -> None:
    runs = ((0.01, 0, 0.1), (0.01, 1, 0.2), (0.1, 0, 0.3), (0.1, 1, 0.3), (0.5, 7, 0.3))
    results = [made_up(score, seed=seed, lr=lr) for lr, seed, score in runs]
    methods = [each for each in table(*results) if each.row.kind == "method"]
    assert [str(each.difference) for each in methods] == ["None", "+15.0 ±5.0", "None"]
    assert methods[1].cells()["difference"] == "+15.0 ±5.0"
    assert methods[0].cells()["difference"] is None


def test_few_labels_stand_beside_the_baseline_with_as_many() -> None:
    found = table(few(0.1, 0), few(0.2, 1), few(0.3, 0, lr=0.5), few(0.3, 1, lr=0.5))
    assert [(each.row.labels, each.row.kind) for each in found] == [
        ("", "majority"),
        *(("1 per class", kind) for kind in ("raw", "random", "method", "method")),
        *(("5 per class", kind) for kind in ("raw", "random", "method", "method")),
    ]
    for each in found:
        labels = ("", each.row.labels)
        best = max(r.row.main for r in found if r.row.is_baseline and r.row.labels in labels)
        assert each.best_baseline == (None if each.row.is_baseline else pytest.approx(best))
    one, five = found[3], found[7]
    assert one.best_baseline is not None
    assert five.best_baseline is not None
    assert one.best_baseline < five.best_baseline
    assert [str(found[place].difference) for place in (3, 4, 7, 8)] == [
        "None", "+15.0 ±5.0", "None", "+15.0 ±5.0"]  # fmt: skip


def test_a_fused_run_stands_as_if_it_had_been_evaluated_alone() -> None:
    bone = CONFIG | {"stream": "bone", "seed": 3}
    fused = made_up(0.1)
    rows = [Row.from_dict(row) for row in fused["rows"]]
    scores = {"top1": 0.7}
    rows = [*rows[:3], *(Row("method", f"{TITLE}, {stream} stream", {"top1": score}, 30)
                         for stream, score in (("joint", 0.4), ("bone", 0.5))),
            Row("fused", "fusion of joint + bone", scores, 30)]  # fmt: skip
    members = [{"title": TITLE, "config": config, "seed": config["seed"], "name": "x"}
               for config in (CONFIG, bone)]  # fmt: skip
    fused |= {"rows": [row.to_dict() for row in rows], "members": members}
    alone = made_up(0.3, stream="bone", seed=4)
    found = named(made_up(0.1), fused, alone)
    assert found[f"{TITLE}, stream joint"].main == pytest.approx(0.4)
    assert found[f"{TITLE}, stream bone"].main == pytest.approx(0.55)
    assert found[f"{TITLE}, stream bone"].seeds == (3, 4)
    assert found["fusion of joint + bone"].main == pytest.approx(0.7)


def test_supervised_depends_on_nothing_that_was_pretrained() -> None:
    results = [made_up(s, protocol="supervised", seed=seed, lr=lr) for s, seed, lr in
               ((0.1, 0, 0.01), (0.3, 1, 0.5))]  # fmt: skip
    assert named(*results)[TITLE].seeds == (0, 1)


def test_a_fitted_recognizer_is_some_by_its_name() -> None:
    both = []
    for name in ("mine", "yours"):
        data = made_up(0.1)
        row = Row("fitted", TITLE, {"top1": 0.5}, 30).to_dict()
        both.append(data | {"rows": [row], "model": data["model"] | {"name": name}})
    assert list(named(*both)) == [f"{TITLE}, model mine", f"{TITLE}, model yours"]


@pytest.mark.parametrize(
    "broken", [{"rows": []}, {"rows": [{"kind": "method"}]}, {"title": "x"}, {"rows": 3}]
)
def test_what_evaluate_did_not_write_is_refused(broken: dict[str, Any], tmp_path: Path) -> None:
    if broken == {"rows": []}:
        assert measured(broken) == []
        return
    with pytest.raises(EdgcnError, match=r"not what `edgcn evaluate` writes|row of results"):
        measured(broken)
