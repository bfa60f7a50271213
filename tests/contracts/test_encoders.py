"""What every encoder keeps, present and future: one suite over `ENCODERS` and one of a plugin."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from edgcn.base import plugins
from edgcn.base.errors import EdgcnError
from edgcn.base.parts import settings_of
from edgcn.models import ENCODERS, kernels
from edgcn.models.build import GIVEN, build_encoder
from edgcn.skeleton import TOPOLOGIES, Topology

ARM3 = Topology(
    name="arm3",
    joints=("shoulder", "elbow", "wrist"),
    bones=(("elbow", "shoulder"), ("wrist", "elbow")),
    center="shoulder",
    mirror=(),
    shoulders=("shoulder", "shoulder"),
    spine=("shoulder", "elbow"),
    source="made up for tests",
)
# The whole contract, and nothing else.
TWO_LINES = """
import edgcn.base.plugins
import torch

class TwoLines(torch.nn.Module):
    def __init__(self, topology, *, in_channels=3, bodies=1, width: int = 8):
        super().__init__()
        self.embed_dim = width
        self.mix = torch.nn.Linear(in_channels * len(topology), width)

    def forward(self, clips):
        return self.mix(clips.mean(dim=(2, 4)).flatten(1))

edgcn.base.plugins.register_encoder("two-lines", TwoLines)
"""
BUILT_IN = list(ENCODERS)
NAMES = [*BUILT_IN, "two-lines"]
BODY_BY_BODY = [
    "ascal-lstm",
    "pc-gru",
    "vae-lstm",
    "stgcn-quarter",
    "two-lines",
]  # families without weights of their own for each body

MEAN_POOLED = [name for name in BUILT_IN if name != "pc-gru"]  # it embeds the last states
WITH_INPUT_NORM = [
    name for name in BUILT_IN if "input_norm" in settings_of(ENCODERS[name], given=GIVEN)
]
SMALLER: dict[str, dict[str, Any]] = {
    "msg3d": {"gcn_scales": 3, "g3d_scales": 3},
    "pc-gru": {"hidden": 32},
}


@pytest.fixture(autouse=True, scope="module")
def _plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    path: Path = tmp_path_factory.mktemp("plugin") / "two_lines.py"
    path.write_text(TWO_LINES)
    plugins.load_plugin(path)
    yield
    plugins._LOADED.pop()
    plugins._REGISTERED.pop()
    del ENCODERS["two-lines"]


def clips(topology: Topology = ARM3, n: int = 4, c: int = 3, t: int = 10, m: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(n + 10 * c + 100 * t + 1000 * m)
    return torch.randn(n, c, t, len(topology), m, generator=generator)


def make(name: str, topology: Topology = ARM3, **settings: Any) -> Any:
    """An encoder; the largest ones are made smaller."""
    return ENCODERS[name](topology, **SMALLER.get(name, {}), **settings)


def settled(name: str, topology: Topology = ARM3, **settings: int) -> Any:
    """An encoder in evaluation mode whose batch norms have some statistics."""
    torch.manual_seed(0)
    encoder = make(name, topology, **settings)
    channels, bodies = settings.get("in_channels", 3), settings.get("bodies", 1)
    with torch.no_grad():
        encoder.train()(clips(topology, n=8, c=channels, t=6, m=bodies))
    return encoder.eval()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("channels", "bodies"), [(3, 1), (9, 1), (3, 2)])
def test_embedding_is_the_declared_size(name: str, channels: int, bodies: int) -> None:
    encoder = make(name, ARM3, in_channels=channels, bodies=bodies).eval()
    embedding = encoder(clips(c=channels, m=bodies))
    assert embedding.shape == (4, encoder.embed_dim)
    assert embedding.isfinite().all()


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize(("channels", "bodies"), [(3, 1), (9, 1), (3, 2)])
def test_features_are_of_the_declared_size(name: str, channels: int, bodies: int) -> None:
    encoder: Any = make(name, ARM3, in_channels=channels, bodies=bodies).eval()
    features = encoder.features(clips(c=channels, m=bodies))
    assert features.shape[:2] == (4, encoder.feature_dim)
    assert features.shape[3] in (1, len(ARM3))


@pytest.mark.parametrize("name", NAMES)
def test_clips_do_not_mix_in_evaluation(name: str) -> None:
    encoder, x = settled(name), clips()
    torch.testing.assert_close(encoder(x)[1:3], encoder(x[1:3]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MEAN_POOLED)
def test_forward_is_the_head_of_the_mean_of_features(name: str) -> None:
    encoder, x = settled(name, bodies=2), clips(m=2)
    pooled = encoder.features(x).mean(dim=(2, 3))
    head = getattr(encoder, "head", torch.nn.Identity())
    torch.testing.assert_close(encoder(x), head(pooled), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_numbers(name: str) -> None:
    outputs: list[list[Tensor | None]] = []
    for _ in range(2):
        torch.manual_seed(3)
        encoder = make(name)
        loss = encoder(clips()).square().sum()
        loss.backward()
        outputs.append([loss, *(p.grad for p in encoder.parameters())])
    for first, second in zip(*outputs, strict=True):
        assert first is not None
        assert second is not None
        assert torch.equal(first, second)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_learns(name: str) -> None:
    torch.manual_seed(0)
    encoder = make(name)
    encoder(clips()).square().sum().backward()
    idle = [key for key, p in encoder.named_parameters() if p.grad is None]
    assert not idle


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_short_clips_work(name: str, frames: int) -> None:
    encoder = settled(name)
    assert encoder(clips(t=frames)).isfinite().all()
    assert encoder.train()(clips(t=frames)).isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_absent_bodies_and_still_clips_stay_finite(name: str) -> None:
    torch.manual_seed(0)
    encoder = make(name, ARM3, bodies=2)
    x = clips(m=2)
    x[..., 1] = 0
    for batch in (x, torch.zeros_like(x)):
        encoder.zero_grad()
        out = encoder(batch)
        out.square().sum().backward()
        assert out.isfinite().all()
        grads = [p.grad for p in encoder.parameters() if p.grad is not None]
        assert grads
        assert all(grad.isfinite().all() for grad in grads)
        assert encoder.eval()(batch).isfinite().all()
        encoder.train()


@pytest.mark.parametrize("name", BODY_BY_BODY)
def test_order_of_bodies_does_not_matter(name: str) -> None:
    encoder, x = settled(name, bodies=2), clips(m=2)
    torch.testing.assert_close(encoder(x), encoder(x.flip(-1)))


@pytest.mark.parametrize("name", NAMES)
def test_a_repeated_body_counts_once_where_bodies_are_treated_alike(name: str) -> None:
    torch.manual_seed(0)
    two = make(name, ARM3, bodies=2).eval()  # fresh batch norms treat all bodies alike
    x = clips(m=2)
    torch.testing.assert_close(two(x), two(x.flip(-1)), rtol=1e-4, atol=1e-5)
    one = make(name, ARM3, bodies=1).eval()
    weights = {k: v for k, v in two.state_dict().items() if not k.startswith("input_norm.")}
    one.load_state_dict(weights, strict=False)
    torch.testing.assert_close(two(x[..., :1].expand_as(x)), one(x[..., :1]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_state_dict_and_copies_keep_every_number(name: str) -> None:
    encoder, x = settled(name), clips()
    torch.manual_seed(9)
    other = make(name)
    other.load_state_dict(encoder.state_dict())
    expected = encoder(x)
    assert torch.equal(other.eval()(x), expected)
    twin = copy.deepcopy(encoder)
    assert torch.equal(twin(x), expected)
    with torch.no_grad():
        for p in twin.parameters():
            p.add_(1)
    assert torch.equal(encoder(x), expected)


@pytest.mark.parametrize("name", WITH_INPUT_NORM)
def test_without_input_norm_coordinates_come_as_they_are(name: str) -> None:
    torch.manual_seed(0)
    plain = make(name).eval()  # its norm has no statistics yet, and changes nothing
    given: dict[str, Any] = {"topology": ARM3, "in_channels": 3, "bodies": 1, "input_norm": False}
    settings = SMALLER.get(name, {})
    bare = build_encoder(name, settings, **given).eval()
    kept = build_encoder(name, settings | {"input_norm": True}, **given)  # a setting is stronger
    assert list(kept.state_dict()) == list(plain.state_dict())
    lost = bare.load_state_dict(plain.state_dict(), strict=False)
    assert not lost.missing_keys
    assert all(key.startswith("input_norm.") for key in lost.unexpected_keys)
    torch.testing.assert_close(bare(clips()), plain(clips()), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in WITH_INPUT_NORM if name != "stgcn-quarter"])
def test_without_input_norm_a_joint_that_hardly_moves_hardly_matters(name: str) -> None:
    still, trembling = clips(), clips()
    still[:, :, :, 0] = 1
    trembling[:, :, :, 0] = 1 + 1e-3 * trembling[:, :, :, 0]
    changes = []
    for input_norm in (False, True):
        torch.manual_seed(0)
        encoder = make(name, ARM3, input_norm=input_norm)
        with torch.no_grad():
            changes.append((encoder(trembling) - encoder(still)).norm() / encoder(still).norm())
    assert changes[0] < 0.02
    assert changes[1] > 10 * changes[0]


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_autocast_stays_close(name: str) -> None:
    encoder, x = settled(name), clips()
    expected = encoder(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = encoder(x)
    error = (got.float() - expected).norm() / expected.norm()
    assert error < 0.03
    encoder.train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = encoder(x).float().square().sum()
    loss.backward()
    for parameter in encoder.parameters():
        assert parameter.grad.dtype == torch.float32
        assert parameter.grad.isfinite().all()


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize(
    ("shape", "advice"),
    [((2, 3, 5, 4, 1), "remap"), ((2, 2, 5, 3, 1), "in_channels"), ((2, 3, 5, 3, 2), "bodies=2")],
)
def test_foreign_clips_are_refused(name: str, shape: tuple[int, ...], advice: str) -> None:
    with pytest.raises(EdgcnError, match=advice) as caught:
        make(name)(torch.zeros(shape))
    assert str(shape) in str(caught.value)
    assert "arm3" in str(caught.value)


@pytest.mark.parametrize("name", BUILT_IN)
def test_clips_without_frames_are_refused(name: str) -> None:
    with pytest.raises(EdgcnError, match="without frames"):
        make(name)(torch.zeros(2, 3, 0, 3, 1))


@pytest.mark.filterwarnings("ignore:The tensor attributes self.*_flat_weights")  # PyTorch's own
@pytest.mark.parametrize(  # one of each kind; of MS-G3D's, tests/contracts/test_onnx.py
    "name", [name for name in NAMES if not name.startswith(("msg3d", "edgcn")) or name == "edgcn-s"]
)
def test_the_plain_encoder_can_be_exported(name: str) -> None:
    encoder, x = settled(name, bodies=2), clips(t=8, m=2)
    with kernels.plain():
        program = torch.export.export(encoder, (x,))
    torch.testing.assert_close(program.module()(x), encoder(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_settings_have_types_defaults_and_sentences(name: str) -> None:
    settings = settings_of(ENCODERS[name], given=GIVEN)
    defaults = {key: setting.default for key, setting in settings.items()}
    encoder = build_encoder(name, defaults, topology=ARM3, in_channels=3, bodies=1)
    plain = ENCODERS[name](ARM3)
    assert {k: v.shape for k, v in encoder.state_dict().items()} == {
        k: v.shape for k, v in plain.state_dict().items()
    }
    if name in BUILT_IN:
        assert all(setting.help[0].isupper() for setting in settings.values())
        assert all(setting.help.endswith(".") for setting in settings.values())


@pytest.mark.parametrize("name", NAMES)
def test_unknown_settings_are_refused(name: str) -> None:
    with pytest.raises(EdgcnError, match=f"encoder '{name}': unknown setting 'wdith'"):
        build_encoder(name, {"wdith": 3}, topology=ARM3, in_channels=3, bodies=1)


def test_a_misspelt_encoder_is_answered_with_the_nearest() -> None:
    with pytest.raises(EdgcnError, match=r"no encoder is named 'edgcns'.*did you mean 'edgcn-s'"):
        build_encoder("edgcns", {}, topology=ARM3, in_channels=3, bodies=1)


@pytest.mark.parametrize("made", [torch.nn.Linear(2, 2), "an encoder"])
def test_what_is_no_encoder_is_refused(made: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def factory(topology: Topology, *, in_channels: int, bodies: int) -> object:
        return made

    monkeypatch.setitem(ENCODERS, "wrong", factory)
    with pytest.raises(EdgcnError, match=r"encoder 'wrong' makes no encoder: .*embed_dim"):
        build_encoder("wrong", {}, topology=ARM3, in_channels=3, bodies=1)


@pytest.mark.parametrize("topology", list(TOPOLOGIES))
@pytest.mark.parametrize("name", ["edgcn-s", "ascal-lstm"])
def test_every_known_topology_has_encoders(name: str, topology: str) -> None:
    skeleton = TOPOLOGIES[topology]
    assert ENCODERS[name](skeleton).eval()(clips(skeleton, n=1, t=4)).isfinite().all()
