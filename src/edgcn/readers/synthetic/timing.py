"""When things happen: envelopes of a gesture (minimum jerk, Flash & Hogan 1985) and slow drifts."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from edgcn.readers.synthetic.body import Signal

FPS = 30.0


def minimum_jerk(u: Float[np.ndarray, "*s"]) -> Float[np.ndarray, "*s"]:
    """From 0 at u <= 0 to 1 at u >= 1, with no speed and no acceleration at either end."""
    u = np.minimum(np.maximum(u, 0.0), 1.0)
    way: Float[np.ndarray, "*s"] = u**3 * (10 - 15 * u + 6 * u**2)
    return way


def drift(
    rng: np.random.Generator, frames: int, every: int, channels: int
) -> Float[np.ndarray, "t c"]:
    """Smooth random signals about 0: a normal draw each `every` frames, eased in between."""
    at = (np.arange(frames) + rng.uniform(0, every)) / every
    left = at.astype(int)
    knots = rng.standard_normal((int(left[-1]) + 2, channels))
    ease = minimum_jerk(at - left)[:, None]
    signals: Float[np.ndarray, "t c"] = knots[left] * (1 - ease) + knots[left + 1] * ease
    return signals


def eased(
    keys: Float[np.ndarray, "k c"], times: Float[np.ndarray, " k"], ramp: float, frames: int
) -> Float[np.ndarray, "t c"]:
    """Signals that stay at a key until the time of the next one, and then take `ramp` frames."""
    t = np.arange(frames, dtype=float)
    last = np.searchsorted(times, t, side="right") - 1  # the first time is 0
    ease = minimum_jerk((t - times[last]) / ramp)[:, None]
    signals: Float[np.ndarray, "t c"] = (
        keys[np.maximum(last - 1, 0)] * (1 - ease) + keys[last] * ease
    )
    return signals


@dataclass(frozen=True)
class Course:
    """The timing of one gesture.

    Args:
        hold: there and back, 0..1.
        step: there for good, 0..1.
        wave: there and back several times, 0..1.
        seconds: time since the clip began.
        pace: how fast hands rub, 1 is average.
    """

    hold: Signal
    step: Signal
    wave: Signal
    seconds: Signal
    pace: float


def draw_course(
    frames: int, speed: float, rng: np.random.Generator, *, whole: bool = False
) -> Course:
    """Onset, hold and release; the hold is sometimes broken into several approaches.

    Args:
        whole: the gesture begins with the first frame and is over with the last one.
    """
    t = np.arange(frames, dtype=float)
    rise, fall = np.clip(rng.uniform(11, 20, 2) / speed, 8, 0.36 * frames)
    start = 0.0 if whole else rng.uniform(0, 0.14) * frames
    end = frames - 1.0 if whole else frames - rng.uniform(0, 0.1) * frames
    step = minimum_jerk((t - start) / rise)
    # Annotated ends cut some gestures off: these never come back within their clip.
    cut = not whole and rng.random() < 0.25
    hold = step if cut else step * (1 - minimum_jerk((t - (end - fall)) / fall))
    held = end - fall - start - rise
    # Each new approach takes its time: a short hold has none.
    again = min(int(rng.choice([0, 1, 2], p=[0.65, 0.23, 0.12])), int(held // 14))
    if again > 0:
        inside = np.clip((t - start - rise) / held, 0, 1)
        hold = hold * (1 - rng.uniform(0.15, 0.4) * np.sin(np.pi * again * inside) ** 2)
    waves = int(rng.integers(1, 4))
    wave = np.sin(np.pi * waves * np.clip((t - start) / (end - start), 0, 1)) ** 2
    if whole:
        step = minimum_jerk(t / end)  # what stays takes its time
    return Course(hold, step, wave, seconds=t / FPS, pace=float(rng.uniform(0.75, 1.25)))
