"""What every encoder keeps, present and future: one suite over `ENCODERS`."""

import copy

import pytest
import torch
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.models import ENCODERS, WITH_INPUT_NORM
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
NAMES = list(ENCODERS)
BODY_BY_BODY = [
    "ascal-lstm",
    "pc-gru",
    "vae-lstm",
    "stgcn-quarter",
]  # families without weights of their own for each body

MEAN_POOLED = [name for name in NAMES if name != "pc-gru"]  # it embeds the last states


def clips(topology: Topology = ARM3, n: int = 4, c: int = 3, t: int = 10, m: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(n + 10 * c + 100 * t + 1000 * m)
    return torch.randn(n, c, t, len(topology), m, generator=generator)


def settled(name: str, topology: Topology = ARM3, **settings: int) -> torch.nn.Module:
    """An encoder in evaluation mode whose batch norms have seen some clips."""
    torch.manual_seed(0)
    encoder = ENCODERS[name](topology, **settings)
    channels, bodies = settings.get("in_channels", 3), settings.get("bodies", 1)
    with torch.no_grad():
        encoder.train()(clips(topology, n=8, c=channels, t=6, m=bodies))
    return encoder.eval()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("channels", "bodies"), [(3, 1), (9, 1), (3, 2)])
def test_embedding_is_the_declared_size(name: str, channels: int, bodies: int) -> None:
    encoder = ENCODERS[name](ARM3, in_channels=channels, bodies=bodies).eval()
    x = clips(c=channels, m=bodies)
    embedding, features = encoder(x), encoder.features(x)
    assert embedding.shape == (4, encoder.embed_dim)
    assert features.shape[:2] == (4, encoder.feature_dim)
    assert embedding.isfinite().all()


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
    outputs = []
    for _ in range(2):
        torch.manual_seed(3)
        encoder = ENCODERS[name](ARM3)
        loss = encoder(clips()).square().sum()
        loss.backward()
        outputs.append([loss, *(p.grad for p in encoder.parameters())])
    for first, second in zip(*outputs, strict=True):
        assert torch.equal(first, second)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_learns(name: str) -> None:
    torch.manual_seed(0)
    encoder = ENCODERS[name](ARM3)
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
    encoder = ENCODERS[name](ARM3, bodies=2)
    x = clips(m=2)
    x[..., 1] = 0
    for batch in (x, torch.zeros_like(x)):
        encoder.zero_grad()
        out = encoder(batch)
        out.square().sum().backward()
        assert out.isfinite().all()
        assert all(p.grad.isfinite().all() for p in encoder.parameters())
        assert encoder.eval()(batch).isfinite().all()
        encoder.train()


@pytest.mark.parametrize("name", BODY_BY_BODY)
def test_order_of_bodies_does_not_matter(name: str) -> None:
    encoder, x = settled(name, bodies=2), clips(m=2)
    torch.testing.assert_close(encoder(x), encoder(x.flip(-1)))


@pytest.mark.parametrize("name", NAMES)
def test_a_repeated_body_counts_once_where_bodies_are_treated_alike(name: str) -> None:
    torch.manual_seed(0)
    two = ENCODERS[name](ARM3, bodies=2).eval()  # fresh batch norms treat all bodies alike
    x = clips(m=2)
    torch.testing.assert_close(two(x), two(x.flip(-1)), rtol=1e-4, atol=1e-5)
    one = ENCODERS[name](ARM3, bodies=1).eval()
    weights = {k: v for k, v in two.state_dict().items() if not k.startswith("input_norm.")}
    one.load_state_dict(weights, strict=False)
    torch.testing.assert_close(two(x[..., :1].expand_as(x)), one(x[..., :1]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_state_dict_and_copies_keep_every_number(name: str) -> None:
    encoder, x = settled(name), clips()
    torch.manual_seed(9)
    other = ENCODERS[name](ARM3)
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
    plain = ENCODERS[name](ARM3).eval()  # its norm has seen nothing, and changes nothing
    bare = ENCODERS[name](ARM3, input_norm=False).eval()
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
        encoder = ENCODERS[name](ARM3, input_norm=input_norm)
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
    assert all(
        p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in encoder.parameters()
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("shape", "advice"),
    [((2, 3, 5, 4, 1), "remap"), ((2, 2, 5, 3, 1), "in_channels"), ((2, 3, 5, 3, 2), "bodies=2")],
)
def test_foreign_clips_are_refused(name: str, shape: tuple[int, ...], advice: str) -> None:
    with pytest.raises(EdgcnError, match=advice) as caught:
        ENCODERS[name](ARM3)(torch.zeros(shape))
    assert str(shape) in str(caught.value)
    assert "arm3" in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_clips_without_frames_are_refused(name: str) -> None:
    with pytest.raises(EdgcnError, match="without frames"):
        ENCODERS[name](ARM3)(torch.zeros(2, 3, 0, 3, 1))


@pytest.mark.parametrize("topology", list(TOPOLOGIES))
@pytest.mark.parametrize("name", ["edgcn-s", "ascal-lstm"])
def test_every_known_topology_has_encoders(name: str, topology: str) -> None:
    skeleton = TOPOLOGIES[topology]
    assert ENCODERS[name](skeleton).eval()(clips(skeleton, n=1, t=4)).isfinite().all()
