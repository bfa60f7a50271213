"""The recurrent encoder against an LSTM cell stepped by hand."""

import torch

from edgcn.encoders import ENCODERS
from edgcn.skeleton import TOPOLOGIES

COCO = TOPOLOGIES["coco_17"]


def test_lstm_equals_a_cell_stepped_frame_by_frame() -> None:
    torch.manual_seed(0)
    encoder = ENCODERS["ascal-lstm"](COCO, bodies=2, embed_dim=8)
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
    encoder, x = ENCODERS["ascal-lstm"](COCO), torch.randn(2, 3, 9, 17, 1)
    assert encoder.features(x).shape == (2, 256, 9, 1)
    torch.testing.assert_close(encoder.features(x)[:, :, :4], encoder.features(x[:, :, :4]))
