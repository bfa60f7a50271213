"""One recording twice, in meters and in pixels: adapted, the second looks like the first."""

from pathlib import Path

import numpy as np
import pytest
import torch

from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.pipeline.adapt import adapt
from edgcn.pipeline.inputs import fit_inputs
from edgcn.skeleton.layouts import MSR_ACTION3D
from edgcn.store import Selection

pytestmark = pytest.mark.data


def some(kind: str, data_dir: Path, folder: Path) -> Selection:
    """The clips of one subject, standing for the most part."""
    (folder / kind).mkdir()
    for file in (data_dir / "msraction3d" / kind).rglob("*_s02_e01_skeleton*.txt"):
        (folder / kind / file.name).symlink_to(file)
    config = PrepareConfig(reader="msr_action3d", path=folder / kind, out=folder / f"s-{kind}")
    return prepare(config, say=lambda line: None).clips()


def test_pixels_come_to_lie_where_the_meters_are(data_dir: Path, tmp_path: Path) -> None:
    world, screen = (some(kind, data_dir, tmp_path) for kind in ("world", "screen"))
    rows = np.arange(len(world))
    assert len(rows) > 10
    assert np.array_equal(world.names, screen.names)
    inputs = fit_inputs(world, rows, frames=16, normalize="paper")
    adapted = adapt(inputs, screen, rows=rows)
    assert adapted.record["signs"] == [1, -1]  # the Kinect's pictures are mirrored
    spine = MSR_ACTION3D.index("Spine")
    shapes = [clips.batch(rows, 16)[:, :2] for clips in (world, adapted.clips)]
    expected, got = (x - x[:, :, :, spine : spine + 1] for x in shapes)
    apart = (expected - got).norm(dim=1).median()
    flipped = (expected - got * torch.tensor([1, -1]).view(1, 2, 1, 1, 1)).norm(dim=1).median()
    assert apart < 0.06  # meters: perspective and a bent trunk are what is left
    assert flipped > 5 * apart
