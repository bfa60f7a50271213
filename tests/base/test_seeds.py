"""Random streams follow from seed, name and key alone."""

import torch

from edgcn.base.seeds import stream


def numbers(seed: int, name: str, *key: int) -> tuple[float, ...]:
    return tuple(torch.rand(4, generator=stream(seed, name, *key)).tolist())


def test_a_stream_follows_from_its_arguments() -> None:
    first = numbers(3, "order", 7)
    torch.manual_seed(99)
    torch.rand(5)
    assert numbers(3, "order", 7) == first


def test_any_other_argument_gives_another_stream() -> None:
    seen = {
        numbers(seed, name, *key)
        for seed in range(6)
        for name in ("order", "views")
        for key in [(), *((epoch,) for epoch in range(20)), *((3, rank) for rank in range(20))]
    }
    assert len(seen) == 6 * 2 * 41
    assert numbers(1, "a", 23) != numbers(1, "a2", 3)  # parts do not run together


def test_global_randomness_is_left_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    stream(5, "views", 2)
    assert torch.equal(torch.rand(3), expected)


def test_it_is_the_same_on_every_machine() -> None:
    assert stream(0, "order", 1).initial_seed() == 1802750285350363947
