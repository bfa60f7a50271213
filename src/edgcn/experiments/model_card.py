"""`python -m edgcn.experiments.model_card`: the card and config beside the released weights.

weights -> README.md as the Hugging Face Hub reads it, config.json. What can be is read from the
weights' own provenance; presets/weights/ is then a folder that can be put there as it is.
"""

import json
from pathlib import Path
from typing import Any

from edgcn.base.files import write_text
from edgcn.inference.recognizer import load
from edgcn.inference.released import HERE, RELEASED, released

HEAD = """---
library_name: edgcn
license: mit
tags:
  - skeleton
  - gesture-recognition
  - micro-gesture
  - self-supervised
---

# edgcn: encoders of skeleton clips

Made by `python -m edgcn.experiments.model_card` from the weights themselves.

Encoders that turn a clip of a moving skeleton into one vector of numbers. They learned without
labels from procedural people, bodies made from kinematics, and from nobody's recordings: no
person's data is in them.

"""
COLUMNS = "| file | what | parameters | numbers in a vector | size |\n|---|---|---:|---:|---:|\n"
ROW = "| `{file}` | {title} | {parameters:,} | {vector:,} | {size:.1f} MB |\n"
TAIL = """
Input: {joints} joints of {topology} in {units}, resampled to {frames} frames; other skeletons go
to these joints by name. How they learned: recipe `{recipe}`, {steps} steps, seed {seed}; all
settings are in config.json, and in `edgcn.load(NAME).provenance_`.

```python
import edgcn

model = edgcn.load("edgcn-s")            # or the path of a file from this folder
vectors = model.transform(clips)         # a list of arrays (frames, joints, 3) in meters
named = edgcn.fit(model, clips, labels)  # learns your gestures from a few labels of each
print(named.predict(more_clips))
```

## Limits

- Made motion is not what people do when they are nervous: no spontaneous micro-gesture, no
  illness, no second person and no object in a hand is in it.
- Clips are resampled to {frames} frames whatever their length: small movements in a long clip are
  lost.
- They are no means to conclude what somebody feels, and no medical device.

Scores beside baselines, with intervals and the commands that give them, are in the documentation
of edgcn ("Model card of the weights", "Results"). The method follows Shah, Chen, Shi and Zhao,
ICPR 2022; the learning is Barlow Twins (Zbontar et al., ICML 2021).
"""


def described(name: str) -> dict[str, Any]:
    """What released weights say of themselves."""
    model = load(name)
    embedder, provenance = model.embedder(), model.provenance_
    inputs, whitening = embedder.inputs, embedder.whitening
    return {
        "file": released(name).name,
        "title": provenance.title,
        "encoder": embedder.name,
        "parameters": sum(weight.numel() for weight in embedder.encoder.parameters()),
        "vector": embedder.encoder.embed_dim if whitening is None else len(whitening.matrix),
        "readout": embedder.readout,
        "topology": inputs.topology.name,
        "joints": list(inputs.topology.joints),
        "frames": inputs.frames,
        "stream": inputs.stream,
        "units": inputs.sensor.units if inputs.sensor else None,
        "learned_from": list(provenance.pretrained.stores),
        "people": list(provenance.pretrained.people),
        "settings": dict(provenance.config),
        "versions": dict(provenance.versions),
    }


def card(models: dict[str, dict[str, Any]]) -> str:
    """README.md for the Hub."""
    rows = "".join(
        ROW.format(**model, size=released(name).stat().st_size / 1e6)
        for name, model in models.items()
    )
    first = next(iter(models.values()))
    said = TAIL.format(
        joints=len(first["joints"]),
        topology=first["topology"],
        frames=first["frames"],
        units={"m": "meters", "px": "pixels"}[first["units"]],
        **{key: first["settings"][key] for key in ("recipe", "steps", "seed")},
    )
    return HEAD + COLUMNS + rows + said


def files() -> dict[str, str]:
    """The two files by name."""
    models = {name: described(name) for name in RELEASED}
    config = {"library_name": "edgcn", "model_type": "edgcn", "models": models}
    return {"README.md": card(models), "config.json": json.dumps(config, indent=2) + "\n"}


def main(folder: Path = HERE) -> None:
    """Write both beside the weights."""
    for name, text in files().items():
        write_text(folder / name, text)
        print(f"wrote {folder / name}")


if __name__ == "__main__":
    main()
