"""The recurrent encoder against an LSTM cell stepped by hand."""

from typing import Any

import pytest
import torch

from edgcn.base.errors import EdgcnError
from edgcn.models import ENCODERS, RecurrentEncoder
from edgcn.models.build import build_encoder
from edgcn.skeleton import TOPOLOGIES

COCO = TOPOLOGIES["coco_17"]


def test_lstm_equals_a_cell_stepped_frame_by_frame() -> None:
    torch.manual_seed(0)
    encoder: Any = ENCODERS["ascal-lstm"](COCO, bodies=2, embed_dim=8)
    x = torch.randn(2, 3, 5, 17, 2)
    w_in, w_hidden, b_in, b_hidden = encoder.lstm.all_weights[0]
    for clip in range(2):
        bodies = []
        for body in range(2):
            hidden, cell, states = torch.zeros(8), torch.zeros(8), []
            for frame in range(5):
                joints = x[clip, :, frame, :, body].T.flatten()  # joint by joint: x, y, z
                gates = w_in @ joints + b_in + w_hidden @ hidden + b_hidden
                keep_in, forget, new, out = gates.chunk(4)
                cell = forget.sigmoid() * cell + keep_in.sigmoid() * new.tanh()
                hidden = out.sigmoid() * cell.tanh()
                states.append(hidden)
            bodies.append(torch.stack(states, dim=1))
        expected = torch.stack(bodies).mean(dim=0)
        torch.testing.assert_close(encoder.features(x)[clip, :, :, 0], expected)
        torch.testing.assert_close(encoder(x)[clip], expected.mean(dim=1))


def test_features_keep_every_frame_and_never_see_the_future() -> None:
    torch.manual_seed(0)
    encoder: Any = ENCODERS["ascal-lstm"](COCO)
    x = torch.randn(2, 3, 9, 17, 1)
    assert encoder.features(x).shape == (2, 256, 9, 1)
    torch.testing.assert_close(encoder.features(x)[:, :, :4], encoder.features(x[:, :, :4]))


def test_two_directions_are_two_networks_one_of_which_reads_backwards() -> None:
    torch.manual_seed(0)
    settings: dict[str, Any] = {"cell": "gru", "hidden": 6}
    both: Any = RecurrentEncoder(COCO, bidirectional=True, pool="last", **settings)
    ways: list[Any] = [RecurrentEncoder(COCO, pool="last", **settings) for _ in range(2)]
    for one, mine in zip(ways, both.gru.all_weights, strict=True):
        one.gru.load_state_dict(dict(zip(one.gru.state_dict(), mine, strict=True)))
    x = torch.randn(2, 3, 5, 17, 1)
    expected = torch.cat((ways[0](x), ways[1](x.flip(2))), dim=1)
    torch.testing.assert_close(both(x), expected)
    states = both.features(x)[..., 0]
    ends = torch.cat((states[:, :6, -1], states[:, 6:, 0]), dim=1)
    torch.testing.assert_close(both(x), ends)


def test_last_states_are_those_that_the_network_itself_calls_last() -> None:
    encoder: Any = ENCODERS["pc-gru"](COCO, hidden=5)
    x = torch.randn(2, 3, 7, 17, 1)
    last = encoder.gru(x[..., 0].permute(0, 2, 3, 1).flatten(2))[1][-2:]
    torch.testing.assert_close(encoder(x), torch.cat(tuple(last), dim=1))
    assert encoder.embed_dim == encoder.feature_dim == 10


def test_another_embedding_size_is_a_linear_layer_on_the_pooled_states() -> None:
    encoder: Any = ENCODERS["vae-lstm"](COCO, hidden=5, embed_dim=3)
    x = torch.randn(2, 3, 7, 17, 1)
    assert (encoder.feature_dim, encoder.embed_dim) == (10, 3)
    torch.testing.assert_close(encoder(x), encoder.head(encoder.features(x).mean(dim=(2, 3))))


@pytest.mark.parametrize(("key", "word"), [("cell", "gur"), ("pool", "lst")])
def test_unknown_words_are_explained(key: str, word: str) -> None:
    with pytest.raises(EdgcnError, match=f"encoder 'ascal-lstm': {key}: .*got '{word}'"):
        build_encoder("ascal-lstm", {key: word}, topology=COCO, in_channels=3, bodies=1)
