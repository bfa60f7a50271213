"""An encoder of your own, from a file of 25 lines: registered, pre-trained and scored.

Run it beside stores/study, which 01_few_labels.py makes.
"""

from pathlib import Path

import edgcn

edgcn.load_plugin(Path(__file__).with_name("frame_encoder.py"))  # registers "frames"
store = edgcn.open_store("stores/study")
run = edgcn.pretrain(
    store,
    out="runs/frames",
    steps=10,
    batch_size=16,
    learn_from="windows",
    encoder="frames",
    encoder_settings={"hidden": 32},
)
print(edgcn.evaluate(run, store, protocol="knn").table())
