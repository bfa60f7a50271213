"""The engine of all campaigns: what is finished is kept, the rest goes on, one process a folder."""

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgcn.base.errors import EdgcnError
from edgcn.base.files import write_json
from edgcn.base.locks import locked
from edgcn.base.progress import Say
from edgcn.commands.evaluate import EvaluateConfig
from edgcn.commands.pretrain import PretrainConfig
from edgcn.commands.results import Results
from edgcn.evaluation.rows import Row
from edgcn.experiments import runner
from edgcn.experiments.runner import Job, Task, tasks_of, work
from edgcn.experiments.shares import in_turn, parse_share
from edgcn.runs import Run

LINEAR = {"store": Path("a"), "protocol": "linear"}
SHOTS = {"store": Path("a"), "protocol": "few-shot"}


def job(key: str = "one", seeds: Sequence[int] = (0,), **settings: Any) -> Job:
    return Job(key, {"store": Path("a"), **settings}, [LINEAR, SHOTS], seeds)


def tasks(*jobs: Job, out: Path = Path("out")) -> list[Task]:
    return tasks_of(jobs, out, machine={"accelerator": "cpu"})


class Verbs:
    """The verbs as they are called, without their work; `fails` says what fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.stored: dict[tuple[str, str, int], Results] = {}
        self.other_settings = False
        self.fails: Callable[[str], None] = lambda call: None
        for name in ("pretrain", "resume", "evaluate", "stored_result"):
            monkeypatch.setattr(runner, name, getattr(self, name))
        monkeypatch.setattr(
            runner, "open_store", lambda path: SimpleNamespace(fingerprint="f", path=path)
        )

    def call(self, text: str) -> None:
        self.calls.append(text)
        self.fails(text)

    def pretrain(self, config: PretrainConfig, *, say: Say) -> Run:
        assert config.out is not None
        config.out.mkdir(parents=True)
        write_json(config.out / "run.json", {"config": {}, "store_fingerprint": "f"})
        self.call(f"pretrain {config.lr:g} {config.seed}")
        return Run(config.out)

    def resume(self, run: Path, *, say: Say) -> Run:
        self.call(f"resume {run.name}")
        return Run(run)

    def evaluate(self, config: EvaluateConfig, *, say: Say) -> Results:
        self.call(f"evaluate {config.protocol} {config.seed}{' again' * config.overwrite}")
        row = Row("method", "A", {"top1": 0.5}, 4)
        results = Results((row,), Path(config.model), {"protocol": config.protocol})
        self.stored[config.model, config.protocol, config.seed] = results
        return results

    def stored_result(self, config: EvaluateConfig) -> Results | None:
        if self.other_settings:
            raise EdgcnError("holds a result of other settings")
        return self.stored.get((config.model, config.protocol, config.seed))


@pytest.fixture
def verbs(monkeypatch: pytest.MonkeyPatch) -> Verbs:
    return Verbs(monkeypatch)


def run(jobs: Sequence[Job], out: Path, **options: Any) -> tuple[list[runner.Outcome], list[str]]:
    """The outcomes, and what was said."""
    said: list[str] = []
    return list(work(tasks(*jobs, out=out), out, say=said.append, **options)), said


def test_the_first_seed_of_all_jobs_comes_first() -> None:
    order = [task.name for task in tasks(job("a", (0, 1, 2)), job("b", (0,)), job("c", (5, 0)))]
    assert order == ["a, seed 0", "b, seed 0", "c, seed 5", "a, seed 1", "c, seed 0", "a, seed 2"]


def test_a_run_is_named_by_its_settings_and_seed() -> None:
    plain, other, seed = tasks(job("a", (0, 1)), job("b", lr=0.5))
    assert len({plain.run, other.run, seed.run}) == 3
    assert plain.run.parent == Path("out/runs")
    assert tasks(job("other name"))[0].run == plain.run  # table 3 uses the runs of table 2
    assert tasks_of([job()], Path("out"), machine={"accelerator": "auto"})[0].run == plain.run


def test_evaluations_are_of_the_run_with_its_seed() -> None:
    (task,) = tasks(job("a", (3,)))
    assert [one.protocol for one in task.evaluate] == ["linear", "few-shot"]
    assert all((one.model, one.seed) == (str(task.run), 3) for one in task.evaluate)
    assert not any(one.figures for one in task.evaluate)


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        ([job("fine"), job("bad", lerning_rate=1)], "bad: unknown key 'lerning_rate'"),
        ([job(queue_size=64)], "belongs to moco"),
        ([job(devices=2)], "trains on one device"),
        ([Job("x", {"store": "a"}, [{"store": "a", "protcol": "knn"}])], "did you mean 'protocol'"),
        ([Job("x", {"store": "a"}, [LINEAR, LINEAR])], "x: .* got linear on a twice"),
        ([Job("x", {"store": "a"}, [LINEAR | {"protocol": "all"}])], "got all on a"),
        ([job(), job("b", store=Path("elsewhere/a"))], "have the same name; rename one"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_runs(jobs: list[Job], message: str) -> None:
    with pytest.raises(EdgcnError, match=message):
        tasks(*jobs)


def test_whitened_features_are_another_evaluation() -> None:
    knn = {"store": Path("a"), "protocol": "knn"}
    (task,) = tasks(Job("x", {"store": "a"}, [knn, knn | {"whiten": 8}]))
    assert [one.protocol_settings["whiten"] for one in task.evaluate] == [0, 8]
    with pytest.raises(EdgcnError, match="got knn on a twice"):
        tasks(Job("x", {"store": "a"}, [knn | {"whiten": 8}] * 2))


def test_a_model_that_is_there_already_is_scored_as_it_is(verbs: Verbs, tmp_path: Path) -> None:
    ready = Job("released", {}, [LINEAR, SHOTS], (0, 3), model="edgcn-s")
    first, second = tasks_of([ready], tmp_path, machine={"threads": 1, "accelerator": "cpu"})
    assert (first.pretrain, first.threads, first.trained) == (None, 1, True)
    assert {one.model for task in (first, second) for one in task.evaluate} == {"edgcn-s"}
    assert {one.seed for one in second.evaluate} == {3}
    assert first.run != second.run  # so that their results are kept apart
    assert {one.out for one in first.evaluate} == {first.run / "evaluations"}
    outcomes, _ = run([ready, job()], tmp_path)
    assert verbs.calls == [
        "evaluate linear 0", "evaluate few-shot 0",
        "pretrain 0.002 0", "evaluate linear 0", "evaluate few-shot 0",
        "evaluate linear 3", "evaluate few-shot 3",
    ]  # fmt: skip
    assert outcomes[0].minutes == 0.0
    assert not any(outcome.failures for outcome in outcomes)
    verbs.calls.clear()
    again, _ = run([ready], tmp_path, kept_only=True)
    assert verbs.calls == []
    assert [outcome.failures for outcome in again] == [(), ()]


def test_what_is_finished_is_kept(verbs: Verbs, tmp_path: Path) -> None:
    jobs = [job("a", (0, 1)), job("b", (0,), lr=0.5)]
    first, _ = run(jobs, tmp_path)
    assert verbs.calls == [
        "pretrain 0.002 0", "evaluate linear 0", "evaluate few-shot 0",
        "pretrain 0.5 0", "evaluate linear 0", "evaluate few-shot 0",
        "pretrain 0.002 1", "evaluate linear 1", "evaluate few-shot 1",
    ]  # fmt: skip
    verbs.calls.clear()
    again, said = run(jobs, tmp_path)
    assert verbs.calls == []
    assert [outcome.results for outcome in again] == [outcome.results for outcome in first]
    assert sum("is there already" in line for line in said) == 3


def test_an_unfinished_run_is_continued_and_an_empty_one_begun_anew(
    verbs: Verbs, tmp_path: Path
) -> None:
    def stop(call: str) -> None:
        if call.startswith("pretrain"):
            raise KeyboardInterrupt

    verbs.fails = stop
    with pytest.raises(KeyboardInterrupt):
        run([job()], tmp_path)
    verbs.fails = lambda call: None
    verbs.calls.clear()
    (task,) = tasks(job(), out=tmp_path)
    run([job()], tmp_path)
    assert verbs.calls[0] == f"resume {task.run.name}"
    (task,) = tasks(job("b", lr=0.5), out=tmp_path)
    task.run.mkdir()  # stopped before anything was in it
    verbs.calls.clear()
    run([job("b", lr=0.5)], tmp_path)
    assert verbs.calls[0] == "pretrain 0.5 0"


def test_a_failure_is_noted_and_the_rest_goes_on(verbs: Verbs, tmp_path: Path) -> None:
    def fail(call: str) -> None:
        if call == "pretrain 0.002 0":
            raise RuntimeError("no\nmemory")
        if call == "evaluate linear 1":
            raise EdgcnError("no test clips")

    verbs.fails = fail
    outcomes, said = run([job("a", (0, 1)), job("b", lr=0.5)], tmp_path)
    assert [outcome.failures for outcome in outcomes] == [
        ("RuntimeError: no memory",), (), ("linear on a: no test clips",)
    ]  # fmt: skip
    assert [list(outcome.results) for outcome in outcomes] == [[], [0, 1], [1]]
    assert "  left out: RuntimeError: no memory" in said
    verbs.fails = lambda call: None
    outcomes, _ = run([job("a", (0, 1)), job("b", lr=0.5)], tmp_path)
    assert not any(outcome.failures for outcome in outcomes)


def test_a_result_of_other_settings_is_replaced(verbs: Verbs, tmp_path: Path) -> None:
    run([job()], tmp_path)
    verbs.calls.clear()
    verbs.other_settings = True
    run([job()], tmp_path)
    assert verbs.calls == ["evaluate linear 0 again", "evaluate few-shot 0 again"]


def test_a_store_that_has_changed_is_not_passed_off_as_the_one_learned_from(
    verbs: Verbs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run([job()], tmp_path)
    changed = SimpleNamespace(fingerprint="other", path="a")
    monkeypatch.setattr(runner, "open_store", lambda path: changed)
    (outcome,), _ = run([job()], tmp_path)
    assert "a has changed since" in outcome.failures[0]


def test_stores_are_prepared_first_and_a_failure_there_is_one_of_the_task(
    verbs: Verbs, tmp_path: Path
) -> None:
    def prepare(task: Task) -> None:
        verbs.calls.append("prepare")
        if task.job.key == "b":
            raise EdgcnError("damaged")

    outcomes, _ = run([job(), job("b", lr=0.5)], tmp_path, prepare=prepare)
    assert verbs.calls[:2] == ["prepare", "pretrain 0.002 0"]
    assert outcomes[1].failures == ("damaged",)


def test_only_what_is_there_can_be_shown(verbs: Verbs, tmp_path: Path) -> None:
    run([job()], tmp_path)
    verbs.calls.clear()
    verbs.stored.popitem()
    outcomes, _ = run([job(), job("b", lr=0.5)], tmp_path, kept_only=True)
    assert verbs.calls == []
    assert [outcome.failures for outcome in outcomes] == [
        ("few-shot on a: not scored",), ("not run",)
    ]  # fmt: skip


@pytest.mark.parametrize("of", [1, 2, 3])
def test_shares_start_apart_and_each_could_do_all(of: int) -> None:
    every = tasks(*(job(str(number), (0, 1), lr=1 + number) for number in range(5)))
    turns = [in_turn(every, (number, of)) for number in range(of)]
    first = [turn[: len(every[number::of])] for number, turn in enumerate(turns)]
    assert sorted(task.name for task in chain(*first)) == sorted(task.name for task in every)
    assert all({task.run for task in turn} == {task.run for task in every} for turn in turns)


@pytest.mark.parametrize("text", ["2/2", "half", "1", "-1/2", "0/0"])
def test_a_share_is_a_number_of_some(text: str) -> None:
    assert parse_share("0/2") == (0, 2)
    with pytest.raises(EdgcnError, match="expected I/N"):
        parse_share(text)


def test_a_folder_belongs_to_one_process_or_to_shares(verbs: Verbs, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with locked(tmp_path / ".lock") as ours:
        assert ours
        for share in (None, (0, 2)):
            with pytest.raises(EdgcnError, match="another process works in"):
                run([job()], tmp_path, share=share)
    with locked(tmp_path / ".lock", shared=True):
        assert len(run([job()], tmp_path, share=(1, 2))[0]) == 1
        with pytest.raises(EdgcnError, match="another process works in"):
            run([job()], tmp_path)
    assert len(run([job()], tmp_path)[0]) == 1


def test_a_share_passes_over_what_another_process_is_at(verbs: Verbs, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    (task,) = tasks(job(), out=tmp_path)
    with locked(tmp_path / "locks" / task.run.name):
        outcomes, said = run([job(), job("b", lr=0.5)], tmp_path, share=(0, 2))
    assert [outcome.task.job.key for outcome in outcomes] == ["b"]
    assert "  another process is at it" in said
