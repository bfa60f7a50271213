"""The contrastive loss equals reference values computed in float64 by its definition."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from edgcn.objectives.contrast import info_nce

TEMPERATURE = 0.06

pytestmark = pytest.mark.golden


def test_mean_loss(golden_dir: Path) -> None:
    given = load_file(golden_dir / "info_nce.safetensors")
    loss = info_nce(given["query"], given["key"], given["queue"], temperature=TEMPERATURE)
    assert float(loss) == pytest.approx(float(given["loss"]), rel=1e-5)


def test_loss_of_each_query(golden_dir: Path) -> None:
    given = load_file(golden_dir / "info_nce.safetensors")
    losses = [
        info_nce(query[None], key[None], given["queue"], temperature=TEMPERATURE)
        for query, key in zip(given["query"], given["key"], strict=True)
    ]
    expected = given["loss_per_query"].float()
    torch.testing.assert_close(torch.stack(losses), expected, rtol=1e-5, atol=1e-6)
