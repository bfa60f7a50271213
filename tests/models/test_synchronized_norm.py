"""Batch norm over ranks: two processes with a part each are one process with the whole batch."""

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from edgcn.models import ENCODERS, synchronize_batch_norm
from edgcn.skeleton import TOPOLOGIES

COCO = TOPOLOGIES["coco_17"]
PARTS = (slice(0, 3), slice(3, 8))  # unequal on purpose


def small_encoder() -> nn.Module:
    torch.manual_seed(0)
    # In double precision: biases before a batch norm have no gradient but rounding errors.
    return ENCODERS["edgcn-s"](COCO, widths=(6, 12), strides=(1, 2), embed_dim=8).double()


def batch() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(8, 3, 5, 17, 1, generator=generator, dtype=torch.float64) + 3


def step(encoder: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Output, gradients and buffers after one step in training mode."""
    output = encoder.train()(x)
    output.square().sum().backward()
    grads = {f"grad.{k}": p.grad for k, p in encoder.named_parameters() if p.grad is not None}
    state = {f"state.{k}": v.clone() for k, v in encoder.state_dict().items()}
    return {"output": output.detach(), **grads, **state}


def one_rank(rank: int, folder: str) -> None:
    """What each process runs."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=2)
    encoder = synchronize_batch_norm(small_encoder())
    save_file(step(encoder, batch()[PARTS[rank]]), Path(folder) / f"{rank}.safetensors")
    dist.destroy_process_group()


def test_two_ranks_equal_one(tmp_path: Path) -> None:
    mp.spawn(one_rank, args=(str(tmp_path),), nprocs=2)  # type: ignore[attr-defined, no-untyped-call]
    whole = step(small_encoder(), batch())
    ranks = [load_file(tmp_path / f"{rank}.safetensors") for rank in range(2)]
    for name, expected in whole.items():
        parts = [rank[name] for rank in ranks]
        if name == "output":
            got = torch.cat(parts)
        elif name.startswith("grad."):
            got = parts[0] + parts[1]
        else:
            assert torch.equal(parts[0], parts[1]), name
            got = parts[0]
        scale = max(expected.abs().max().item(), 1e-2)
        assert (got - expected).abs().max().item() < 1e-5 * scale, name


def test_alone_it_is_batch_norm() -> None:
    plain, ours = small_encoder(), synchronize_batch_norm(small_encoder())
    expected, got = step(plain, batch()), step(ours, batch())
    assert list(got) == list(expected)
    for name, value in expected.items():
        torch.testing.assert_close(got[name], value, rtol=1e-6, atol=1e-8)
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(batch()), plain.eval()(batch()))


def test_the_swap_keeps_parameters_names_and_values() -> None:
    encoder = small_encoder()
    before = dict(encoder.named_parameters())
    state = {k: v.clone() for k, v in encoder.state_dict().items()}
    synchronize_batch_norm(encoder)
    assert not any(isinstance(m, nn.BatchNorm1d) for m in encoder.modules())
    assert all(p is before[name] for name, p in encoder.named_parameters())
    assert list(encoder.state_dict()) == list(state)
    assert all(torch.equal(v, state[k]) for k, v in encoder.state_dict().items())


def test_bfloat16_stays_bfloat16() -> None:
    norm = synchronize_batch_norm(nn.BatchNorm1d(4))
    x = torch.randn(10, 4, dtype=torch.bfloat16)
    assert norm(x).dtype == torch.bfloat16
    torch.testing.assert_close(norm(x).float(), nn.BatchNorm1d(4)(x.float()), rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("rows", [2, 30])
def test_constant_channels_do_not_blow_up(rows: int) -> None:
    norm = synchronize_batch_norm(nn.BatchNorm1d(4))
    assert norm(torch.full((rows, 4), 7.3)).abs().max() < 1e-2
