"""Names clips with onnxruntime and numpy alone, as the recognizer does, without PyTorch.

edgcn export touch.edgcn --topology kinect_v2 --out touch.onnx
python 06_onnx_without_torch.py touch.onnx demo/store 0 1 2
"""

import json
import sys

import numpy as np
import onnxruntime


def read_clip(store: str, number: int) -> np.ndarray:
    """Frames (T, bodies, joints, 3) of a clip of a store; any array of that shape will do."""
    recordings, segments = np.load(f"{store}/recordings.npz"), np.load(f"{store}/segments.npz")
    begin = recordings["offsets"][segments["recordings"][number]]
    first, stop = begin + segments["starts"][number], begin + segments["stops"][number]
    return np.load(f"{store}/frames.npy", mmap_mode="r")[first:stop].astype(np.float32)


def name(session: onnxruntime.InferenceSession, clip: np.ndarray) -> tuple[str, float]:
    """The likeliest class of a clip, and how likely it is; "nobody" where nobody is seen."""
    classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
    likely = session.run(["probabilities"], {"frames": clip[None]})[0][0]
    return ("nobody", 1.0) if np.isnan(likely).any() else (classes[likely.argmax()], likely.max())


def main(graph: str, store: str, *numbers: str) -> None:
    """Print a line for each clip."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    for number in map(int, numbers):
        found, sure = name(session, read_clip(store, number))
        print(f"clip {number}: {found} ({100 * sure:.0f} %)")


if __name__ == "__main__":
    main(*sys.argv[1:])
