"""Several processes learn as one: two with batches of 16 as one with batches of 32.

`python 05_several_processes.py 2`, beside stores/study, which 01_few_labels.py makes. Every process
runs this file from its top: prepare stores before, and do only what all of them shall do.
"""

import os
import sys

import edgcn

processes = int(sys.argv[1])  # one a GPU, where there are GPUs
run = edgcn.pretrain(
    "stores/study",
    out="runs/several",
    devices=processes,
    batch_size=32 // processes,
    steps=4,
    encoder="ascal-lstm",
    knn_every=0,
)
if os.environ.get("LOCAL_RANK", "0") == "0":  # the rest is for one of them
    print(f"{run.path}: {run.config['steps']} steps")
