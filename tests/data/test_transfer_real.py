"""One recording twice, in metres and in pixels: over the bridge the second looks like the first."""

from pathlib import Path

import numpy as np
import pytest
import torch

from edgcn.commands.config import PrepareConfig
from edgcn.commands.prepare import prepare
from edgcn.models.build import build_encoder
from edgcn.pipeline.adapt import match
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import NORMALIZATIONS
from edgcn.pipeline.sensor import measure_sensor
from edgcn.skeleton.layouts import MSR_ACTION3D
from edgcn.store import Store, open_store
from helpers import SMALL_ENCODER

pytestmark = pytest.mark.data


def some(kind: str, data_dir: Path, folder: Path) -> Store:
    """The clips of one subject, standing for the most part."""
    (folder / kind).mkdir()
    for file in (data_dir / "msraction3d" / kind).rglob("*_s02_e01_skeleton*.txt"):
        (folder / kind / file.name).symlink_to(file)
    config = PrepareConfig(reader="msr_action3d", path=folder / kind, out=folder / f"s-{kind}")
    return open_store(prepare(config, say=lambda line: None))


def test_pixels_come_to_lie_where_the_metres_are(data_dir: Path, tmp_path: Path) -> None:
    world, screen = (some(kind, data_dir, tmp_path) for kind in ("world", "screen"))
    rows = np.arange(len(world))
    assert np.array_equal(world.names, screen.names)
    inputs = Inputs(
        topology=world.topology,
        dims=3,
        bodies=1,
        frames=16,
        normalize=NORMALIZATIONS["paper"],
        sensor=measure_sensor(world, rows),
    )
    encoder = build_encoder("edgcn-s", inputs, SMALL_ENCODER)
    matched = match(encoder, inputs, {}, screen, rows=rows)
    assert matched.record["signs"] == [1, -1]  # the Kinect's pictures are mirrored
    spine = MSR_ACTION3D.index("Spine")
    shapes = [store.batch(rows, 16)[:, :2] for store in (world, matched.store)]
    expected, got = (x - x[:, :, :, spine : spine + 1] for x in shapes)
    apart = (expected - got).norm(dim=1).median()
    flipped = (expected - got * torch.tensor([1, -1]).view(1, 2, 1, 1, 1)).norm(dim=1).median()
    assert apart < 0.06  # metres: perspective and bending are what is left
    assert flipped > 5 * apart
