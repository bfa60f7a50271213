"""A recognizer as one ONNX graph, for programs without PyTorch: C#, JavaScript, C++, a phone.

frames (N, T, M, V, C) -> joints by name, bodies, resampling, cleaning, features, encoder, readout,
whitening -> embedding (N, D) -> classifier -> probabilities (N, K)

Everything that `Recognizer.predict_proba` does to arrays is inside, on any number of clips, frames
and bodies; the file's metadata say what goes in and who was learned from. The plain layers are
traced: tracing does not see inside the fast ones, and the newer exporter (torch.export) took nine
times as long for the cleaning alone.
"""

import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError, require
from edgcn.base.files import writing
from edgcn.evaluation.probes import LinearProbe
from edgcn.inference.arrays import ArrayClips, topology_for
from edgcn.inference.recognizer import Recognizer
from edgcn.models import kernels
from edgcn.models.embedder import Embedder
from edgcn.pipeline.adapt import plan_joints
from edgcn.pipeline.resample import even_positions, resample_time
from edgcn.skeleton.remap import RemapPlan
from edgcn.skeleton.tensors import Clips, visibility
from edgcn.skeleton.topology import Topology

EXTRA = "onnx"
OPSET = 18
PATHS = ("store", "out", "from_")  # settings that may name folders of whoever trained it
FAR_OFF = 1e-3  # of the largest number: a graph that is further from PyTorch than this is refused
TRIED = ((2, 40, 2), (1, 1, 1), (3, 7, 3))  # clips, frames and bodies of what both are given

Frames = Float[Tensor, "n t m v c"]
Outputs = tuple[Float[Tensor, "n k"], Float[Tensor, "n d"]]


class Remap(nn.Module):
    """`RemapPlan.apply` as products with matrices, target joints by source joints."""

    taken: Tensor
    derived: Tensor
    needed: Tensor

    def __init__(self, plan: RemapPlan, dims: int) -> None:
        super().__init__()
        self.dims, source, target = dims, plan.source, plan.target
        taken, derived = torch.zeros(2, len(target), len(source))
        needed = torch.ones(len(target), 1)
        for joint, other in plan.exact.items():
            taken[target.index(joint), source.index(other)] = 1
        for joint, rule in plan.derived.items():
            row = target.index(joint)
            derived[row, [source.index(other) for other in rule.joints]] = 1
            needed[row] = len(rule.joints) if rule.needs_all else 1
        for name, value in {"taken": taken, "derived": derived, "needed": needed}.items():
            self.register_buffer(name, value)

    def forward(self, x: Clips) -> Float[Tensor, "n c t target m"]:
        seen = visibility(x, dims=self.dims)
        count = torch.matmul(self.derived, seen)
        mean = torch.matmul(self.derived, x * seen) / count.clamp(min=1)
        return torch.matmul(self.taken, x) + torch.where(count >= self.needed, mean, 0.0)


class Layer(nn.Module):
    """A `LinearProbe`: probabilities of embeddings."""

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, probe: LinearProbe) -> None:
        super().__init__()
        for name in ("mean", "scale", "weight", "bias"):
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(getattr(probe, name))))

    def forward(self, vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        standardized = (vectors - self.mean) / self.scale
        return nn.functional.linear(standardized, self.weight, self.bias).softmax(dim=1)


class Graph(nn.Module):
    """All of a recognizer from raw frames on, as it is for clips that a program holds.

    Args:
        plan: from the joints of the frames to the encoder's, where they differ.
        probe: none for an encoder alone, whose graph gives the embedding only.
    """

    def __init__(
        self, embedder: Embedder, plan: RemapPlan | None, probe: LinearProbe | None
    ) -> None:
        super().__init__()
        self.embedder, self.encoder = embedder, embedder.encoder
        self.dims = embedder.inputs.sensor.dims
        self.remap = None if plan is None else Remap(plan, self.dims)
        self.layer = None if probe is None else Layer(probe)

    def forward(self, frames: Frames) -> Outputs | Float[Tensor, "n d"]:
        inputs = self.embedder.inputs
        x = frames.permute(0, 4, 1, 3, 2)
        nobody = visibility(x, dims=self.dims).amax(dim=(1, 2, 3, 4)) == 0
        x = x if self.remap is None else self.remap(x)
        x = torch.cat((x, torch.zeros_like(x[..., :1]).repeat(1, 1, 1, 1, inputs.bodies)), dim=4)
        last = torch.full((x.shape[0], 1), x.shape[2] - 1)
        at = even_positions(last, inputs.frames)
        x = resample_time(x[..., : inputs.bodies], at, dims=self.dims)
        vectors = self.embedder(x)
        if self.layer is None:
            return vectors
        return self.layer(vectors).masked_fill(nobody[:, None], torch.nan), vectors


def export_onnx(model: Recognizer, out: Path, *, overwrite: bool = False) -> float:
    """Write a recognizer, or an encoder alone, as an ONNX file, and run it beside PyTorch.

    Args:
        model: its `topology` says which joints frames have, where these are not the encoder's.

    Returns:
        The largest difference to PyTorch that was found, as part of the largest number.

    Raises:
        EdgcnError: onnx or onnxruntime is missing, or the two do not agree.
    """
    onnx, _ = (require(name, extra=EXTRA) for name in ("onnx", "onnxruntime"))
    embedder = model.embedder()
    topology = topology_for(model.topology, embedder.inputs)
    units, by_position = embedder.inputs.sensor.units, model.skeleton == "position"
    clips = ArrayClips(tuple(example_clips(topology, *TRIED[0])), topology, 3, units)
    plan = plan_joints(embedder.inputs, clips, "position" if by_position else "remap")
    graph = Graph(embedder, plan, getattr(model, "classifier_", None)).eval()
    example = torch.from_numpy(example_clips(topology, *TRIED[0]))
    names = ["probabilities", "embedding"][graph.layer is None :]
    made = onnx.load_from_string(traced(graph, example, names))
    for name, value in metadata(model, topology).items():
        made.metadata_props.add(key=name, value=value)
    content = made.SerializeToString()
    difference = beside(content, model, topology)
    with writing(out, overwrite=overwrite) as waiting:
        waiting.write_bytes(content)
    return difference


@torch.no_grad()
def traced(graph: nn.Module, example: Frames, names: list[str]) -> bytes:
    """A module of frames as ONNX; clips, frames and bodies may be any number of each.

    Args:
        names: of what it gives.
    """
    axes = {"frames": {0: "clips", 1: "frames", 2: "bodies"}}
    file = io.BytesIO()
    with kernels.plain(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of shapes that are fixed, which is meant
        graph(example)  # what is computed once for a skeleton is computed now, not in the graph
        torch.onnx.export(
            graph,
            (example,),
            file,  # type: ignore[arg-type]  # it takes one, whatever its types say
            dynamo=False,
            opset_version=OPSET,
            input_names=["frames"],
            output_names=names,
            dynamic_axes=axes | {name: {0: "clips"} for name in names},
        )
    return file.getvalue()


def metadata(model: Recognizer, topology: Topology) -> dict[str, str]:
    """What a program, and its reader, need to know; all but texts as JSON."""
    embedder, provenance = model.embedder(), model.source().provenance_
    inputs = embedder.inputs
    third = "z" if inputs.sensor.dims == 3 else "confidence"
    origin: dict[str, Any] = {"title": provenance.title, "notes": provenance.notes}
    settings = {name: x for name, x in provenance.config.items() if name not in PATHS}
    for name in ("pretrained", "fitted"):
        if (learned := getattr(provenance, name)) is not None:
            origin[name] = {"stores": learned.stores, "people": len(learned.people)}
    values = {
        "joints": topology.joints,
        "bones": topology.bones,
        "channels": ("x", "y", third),
        "frames": inputs.frames,
        "bodies": inputs.bodies,
        "provenance": origin | {"settings": settings, "versions": provenance.versions},
    }
    if hasattr(model, "classifier_"):
        values["classes"] = model.classes_.tolist()
    texts = {
        "topology": topology.name,
        "units": inputs.sensor.units,
        "encoder": embedder.name,
        "readout": embedder.readout,
        "input": "frames (clips, frames, bodies, joints, channels), float32, a joint that was not "
        "seen is 0 in all channels; any frame rate, evenly spaced",
        "output": "probabilities (clips, classes), in the order of `classes`, NaN for a clip that "
        "shows nobody; embedding (clips, numbers)",
    }
    return texts | {name: json.dumps(value) for name, value in values.items()}


def beside(content: bytes, model: Recognizer, topology: Topology) -> float:
    """The largest difference between onnxruntime and PyTorch, as part of the largest number.

    Raises:
        EdgcnError: it is more than rounding.
    """
    runtime = require("onnxruntime", extra=EXTRA)
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    worst = 0.0
    for shape in TRIED:
        clips = example_clips(topology, *shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of clips that may not look like people
            wanted = [model.transform(list(clips))]
            if hasattr(model, "classifier_"):
                wanted.insert(0, model.predict_proba(list(clips)))
        for one, other in zip(session.run(None, {"frames": clips}), wanted, strict=True):
            worst = max(worst, float(np.abs(one - other).max() / np.abs(other).max()))
    if not worst < FAR_OFF:
        raise EdgcnError(
            f"the graph differs from PyTorch by {worst:.2g} of its largest number; nothing was "
            f"written. If the encoder is your own, write it without branches on values"
        )
    return worst


def example_clips(
    topology: Topology, clips: int, frames: int, bodies: int
) -> Float[np.ndarray, "clips frames bodies joints 3"]:
    """Somebody of any skeleton who moves, now and then unseen; always the same."""
    rng = np.random.default_rng(0)
    shape = (clips, frames, bodies, len(topology), 3)
    pose = rng.normal(size=(clips, 1, bodies, *shape[3:]))
    x = pose + 0.05 * rng.normal(size=shape).cumsum(axis=1)
    return (x * (rng.random((*shape[:4], 1)) > 0.05)).astype(np.float32)
