"""The subject is followed, is missing where hidden, and nobody takes their place in silence."""

import numpy as np
import pytest

from edgcn.readers.tracking import Keep, persons

HEIGHT = 400.0
RNG = np.random.default_rng(0)
SHAPE = np.column_stack([RNG.uniform(-60, 60, 25), np.linspace(0, HEIGHT, 25)])


def at(x: float, *, sure: float = 0.9, scale: float = 1.0) -> np.ndarray:
    """Somebody of 25 joints around x."""
    return np.column_stack([SHAPE * scale + [x, 100], np.full(25, sure)]).astype(np.float32)


def places(people: list[list[np.ndarray]], keep: Keep = "surest") -> tuple[list[int | None], str]:
    """Where the subject is in each frame, and the note."""
    ((frames, note, _),) = persons(people, 25, keep=keep)
    assert frames.shape == (len(people), 1, 25, 3)
    middle = [round(float(frame[0, :, 0].mean() - SHAPE[:, 0].mean())) for frame in frames]
    return [x if frame.any() else None for x, frame in zip(middle, frames, strict=True)], note


@pytest.mark.parametrize("other", [550, 700, 1500])
@pytest.mark.parametrize("comes", [10, 13])
@pytest.mark.parametrize("scale", [1, 0.6])
def test_whoever_comes_in_while_the_subject_is_hidden_is_someone_else(
    other: float, comes: int, scale: float
) -> None:
    """At once or later, as near as the next chair, of any size; the subject is found again."""
    people = [[at(400)] for _ in range(30)]
    for frame in range(10, 16):
        people[frame] = []
    for frame in range(comes, 30):
        people[frame].insert(0, at(other, sure=0.6, scale=scale))
    found, note = places(people)
    assert found == [400] * 10 + [None] * 6 + [400] * 14
    assert "the subject is missing in 6 of 30 frames" in note
    assert f"someone else is seen in {16 - comes} of these" in note


def test_whoever_comes_in_after_the_subject_left_is_someone_else() -> None:
    found, note = places([[at(400)]] * 20 + [[at(600)]] * 10)
    assert found == [400] * 20 + [None] * 10
    assert note == (
        "the subject is missing in 10 of 30 frames, someone else is seen in 10 of these, or the "
        "picture jumps, who may be the subject again, then `--options people alone` takes both"
    )


def test_one_person_who_moves_while_hidden_is_taken_for_one_where_the_user_says_so() -> None:
    people = [[at(400)]] * 20 + [[]] * 5 + [[at(600)]] * 10 + [[at(600), at(1500, sure=0.5)]] * 5
    found, note = places(people, "alone")
    assert found == [400] * 20 + [None] * 5 + [600] * 15
    assert note == (
        "3 parts of the way taken for one person's, several people are seen in 5 of 40 frames, "
        "one is kept"
    )
    assert "people alone" not in places(people)[1]  # there are two people
    assert places([[at(400)]] * 3, "alone")[1] == ""


def test_a_picture_that_jumps_is_named() -> None:
    found, note = places([[at(400)]] * 10 + [[at(1500)]] * 10)
    assert found.count(None) == 10
    assert "missing in 10 of 20 frames" in note
    assert "the picture jumps" in note


def test_frames_of_nobody_are_counted_and_nothing_else_is_said() -> None:
    found, note = places([[at(400)], [], [at(405)], [], []])
    assert found == [400, None, 405, None, None]
    assert note == "the subject is missing in 3 of 5 frames"
    assert places([[at(400)]] * 3)[1] == ""


def test_another_person_beside_the_subject_is_named() -> None:
    found, note = places([[at(900, sure=0.5), at(400)]] * 10)
    assert found == [400] * 10
    assert note == "another person is there in 10 frames, less sure than the subject"
    assert places([[at(400)]] * 9 + [[at(400), at(900)]])[1] == ""  # who only passes by


def test_a_walker_is_followed_past_another() -> None:
    people = [[at(700, sure=0.5, scale=0.8), at(400 + 25 * n)] for n in range(30)]
    assert places(people)[0] == [400 + 25 * n for n in range(30)]


def test_parts_of_a_body_are_followed() -> None:
    """A neck that is lost, or all but the head, does not make someone else of them."""
    people = [[at(400 + 5 * n)] for n in range(20)]
    for frame in range(5, 10):
        people[frame][0][1] = 0
    for frame in range(12, 15):
        people[frame][0][6:] = 0
    people[16][0][3, :2] += 5000  # a false joint
    ((frames, note, _),) = persons(people, 25)
    np.testing.assert_array_equal(frames[:, 0], np.stack([persons[0] for persons in people]))
    assert note == ""


def test_nobody_at_all() -> None:
    ((frames, note, _),) = persons([[], []], 25)
    assert not frames.any()
    assert note == ""
