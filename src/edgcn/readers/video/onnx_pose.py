"""A pose model of one's own in an ONNX file, of the two kinds that most are: 17 points of COCO.

SimCC (RTMPose, Jiang et al. 2023): one person to a picture, a distribution over x and one over y
(1, 17, W k) and (1, 17, H k). YOLO-pose (Ultralytics): everybody, rows of box, score and points,
(1, 56, N) or, sorted out already, (1, N, 57).
"""

from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError, FileError, require
from edgcn.readers.text.folders import read_bytes
from edgcn.readers.video.backends import Finder, People
from edgcn.readers.video.decode import Pixels
from edgcn.skeleton.layouts import COCO_17

JOINTS = len(COCO_17)
RAW, SORTED = 5 + 3 * JOINTS, 6 + 3 * JOINTS  # numbers to a person: center box, or corners and kind
MEAN, SPREAD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # of ImageNet, as RTMPose takes
GRAY = 114  # around a picture of another shape, as YOLO has it
SURE, OVERLAP = 0.25, 0.65  # a person's score at least; of boxes that are one person
SIZE = {"simcc": (256, 192), "yolo": (640, 640)}  # height, width where the file leaves them open

Array = Float[np.ndarray, "..."]


class Fitted(NamedTuple):
    """A picture made as large as a model takes it, and how to get back: x / scale - left."""

    pixels: Array
    scale: float
    left: float
    top: float


def onnx_finder(model: Path) -> Finder:
    """Whoever a model finds.

    Raises:
        EdgcnError: onnxruntime is not installed, or there is no such file.
        FileError: no ONNX model, or one with other inputs and outputs.
    """
    if not model.is_file():
        raise EdgcnError(f"expected an ONNX model at {model}, found no such file")
    try:
        runtime = require("onnxruntime", extra="video")
    except EdgcnError:
        raise EdgcnError(f"{model} needs onnxruntime: pip install onnxruntime") from None
    content = read_bytes(model)
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own have no base but this
        raise FileError(model, f"expected an ONNX model, got {_line(error)}") from None
    kind = _kind(model, session)
    return Finder(
        how=f"{model.name} ({kind}, {sha256(content).hexdigest()[:12]})",
        topology=COCO_17,
        start=lambda: _Model(model, session, kind),
        single=kind == "simcc",
    )


def _kind(model: Path, session: Any) -> str:
    """Which of the two kinds a model is, by its shapes."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    shapes = [tuple(one.shape) for one in outputs]
    pictures = [one for one in inputs if len(one.shape) == 4 and one.type == "tensor(float)"]
    if len(inputs) == len(pictures) == 1 and inputs[0].shape[1] in (3, "3"):
        if len(shapes) == 2 and all(len(s) == 3 and s[1] == JOINTS for s in shapes):
            return "simcc"
        if len(shapes) == 1 and len(shapes[0]) == 3 and {RAW, SORTED} & {*shapes[0][1:]}:
            return "yolo"
    raise FileError(
        model,
        f"expected pictures (1, 3, H, W) in, and {JOINTS} points out as SimCC (two outputs "
        f"(1, {JOINTS}, n)) or YOLO-pose ((1, {RAW}, n) or (1, n, {SORTED})); got "
        f"{', '.join(str(tuple(one.shape)) for one in inputs)} in and "
        f"{', '.join(map(str, shapes))} out",
    )


class _Model:
    def __init__(self, path: Path, session: Any, kind: str) -> None:
        self._path, self._session, self._kind = path, session, kind
        (given,) = session.get_inputs()
        self._input = given.name
        size = (n if isinstance(n, int) and n > 0 else 0 for n in given.shape[2:])
        self._height, self._width = (n or usual for n, usual in zip(size, SIZE[kind], strict=True))

    def poses(self, picture: Pixels) -> People:
        """Everybody, in pixels of the picture."""
        fitted = fit(picture, self._width, self._height)
        simcc, pixels = self._kind == "simcc", fitted.pixels
        pixels = (pixels - MEAN) / SPREAD if simcc else pixels / 255
        batch = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)
        try:
            outputs = self._session.run(None, {self._input: batch})
        except Exception as error:
            raise EdgcnError(f"{self._path}: the model fails: {_line(error)}") from None
        size = (self._width, self._height)
        people = from_simcc(outputs[0], outputs[1], size) if simcc else from_yolo(outputs[0])
        people[..., 0] = people[..., 0] / fitted.scale - fitted.left
        people[..., 1] = people[..., 1] / fitted.scale - fitted.top
        return people

    def close(self) -> None:
        """Nothing is held but the session, which all videos share."""


def fit(picture: Pixels, width: int, height: int) -> Fitted:
    """A picture scaled without distortion into the middle of another size, gray around it."""
    av = require("av", extra="video")
    h, w = picture.shape[:2]
    scale = min(width / w, height / h)
    inner_w, inner_h = max(1, round(w * scale)), max(1, round(h * scale))
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    scaled = frame.reformat(width=inner_w, height=inner_h).to_ndarray()
    left, top = (width - inner_w) // 2, (height - inner_h) // 2
    pixels = np.full((height, width, 3), float(GRAY))
    pixels[top : top + inner_h, left : left + inner_w] = scaled
    return Fitted(pixels, scale, left / scale, top / scale)


def from_simcc(x: Array, y: Array, size: tuple[int, int]) -> People:
    """One person: where each distribution is highest, and how high the lower of the two is.

    Args:
        size: width and height of the picture that the model took.
    """
    x, y = x[:1], y[:1]
    width, height = size
    scores = np.minimum(x.max(axis=2), y.max(axis=2))
    across = x.argmax(axis=2) * (width / x.shape[2])
    down = y.argmax(axis=2) * (height / y.shape[2])
    return np.stack([across, down, np.clip(scores, 0, 1)], axis=2).astype(np.float32)


def from_yolo(output: Array) -> People:
    """Everybody of whom the model is sure, each once: the surest of boxes that overlap."""
    rows = output[0]
    if rows.shape[1] not in (RAW, SORTED):
        rows = rows.T
    rows = rows[rows[:, 4] >= SURE]
    rows = rows[np.argsort(-rows[:, 4], kind="stable")]
    boxes, points = rows[:, :4], rows[:, -3 * JOINTS :].reshape(-1, JOINTS, 3)
    if rows.shape[1] == RAW:
        middle, half = boxes[:, :2], boxes[:, 2:] / 2
        boxes = np.concatenate([middle - half, middle + half], axis=1)
    kept = list[int]()
    for row in range(len(rows)):
        if all(_overlap(boxes[row], boxes[other]) < OVERLAP for other in kept):
            kept.append(row)
    return np.asarray(points[kept], dtype=np.float32)


def _overlap(one: Float[np.ndarray, "4"], other: Float[np.ndarray, "4"]) -> float:
    """Intersection over union of two boxes of corners."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    both = float(np.prod(np.maximum(high - low, 0)))
    areas = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]))
    return both / max(areas - both, 1e-9)


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:120] or type(error).__name__
