"""The one switch between fast and plain layers: where it reaches and where it does not."""

from threading import Thread
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgcn.models import ENCODERS, kernels
from edgcn.models.kernels.equals import FAST
from edgcn.models.layers import SimpleTemporal, TemporalConv
from edgcn.skeleton import TOPOLOGIES

LAYERS = sorted(FAST, key=lambda layer: layer.__name__)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which layers ran their fast equals."""
    names: list[str] = []

    def noted(layer: type[nn.Module]) -> Any:
        equal = FAST[layer]

        def run(self: nn.Module, x: Tensor, **settings: Any) -> Tensor:
            names.append(layer.__name__)
            return equal(self, x, **settings)

        return run

    for layer in LAYERS:
        monkeypatch.setitem(FAST, layer, noted(layer))
    return names


def run(name: str = "edgcn-table1") -> Tensor:
    torch.manual_seed(0)
    encoder = ENCODERS[name](TOPOLOGIES["coco_17"], widths=(6, 12), strides=(1, 2)).eval()
    out: Tensor = encoder(torch.randn(2, 3, 5, 17, 1))
    return out


def test_fast_is_the_default_and_every_layer_has_an_equal(ran: list[str]) -> None:
    run("edgcn-table1")
    run("edgcn-s")
    assert set(ran) == {layer.__name__ for layer in LAYERS}


def test_plain_runs_no_fast_layer_and_ends_with_its_block(ran: list[str]) -> None:
    with kernels.plain():
        with pytest.raises(ZeroDivisionError), kernels.plain():
            raise ZeroDivisionError
        run()
        assert not ran
    run()
    assert ran


def test_plain_holds_for_its_thread_alone(ran: list[str]) -> None:
    def in_a_thread() -> None:
        thread = Thread(target=run)
        thread.start()
        thread.join()

    with kernels.plain():
        in_a_thread()
    assert ran


def test_a_subclass_is_its_own_definition(ran: list[str]) -> None:
    class Doubled(TemporalConv):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * super().forward(x)

    torch.manual_seed(0)
    layer = Doubled(4, 4).eval()
    layer(torch.randn(3, 1, 5, 4))
    assert not ran


def test_the_plain_encoder_is_exported_for_any_number_of_clips() -> None:
    torch.manual_seed(0)
    encoder = ENCODERS["edgcn-s"](TOPOLOGIES["coco_17"], widths=(6, 12), strides=(1, 2)).eval()
    shapes = ({0: torch.export.Dim("n", min=1, max=64)},)
    with kernels.plain():
        example = torch.randn(2, 3, 5, 17, 1)
        program = torch.export.export(encoder, (example,), dynamic_shapes=shapes)
    for n in (1, 2, 7):
        x = torch.randn(n, 3, 5, 17, 1)
        torch.testing.assert_close(program.module()(x), encoder(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fast", [True, False])
def test_hooks_of_layers_are_called(fast: bool) -> None:
    layer, x = SimpleTemporal(4, 4).eval(), torch.randn(3, 1, 5, 4)
    outputs: list[Tensor] = []
    layer.register_forward_hook(lambda _layer, _inputs, out: outputs.append(out))
    layer.conv.register_forward_pre_hook(lambda _layer, inputs: outputs.append(inputs[0]))
    with kernels.chosen(fast):
        out = layer(x)
    assert outputs[0] is x
    assert outputs[1] is out
