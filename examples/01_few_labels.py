"""Pose files and a coder's ELAN files in: clips, and how well few labels tell them apart.

Run it beside poses/ and coded/; `python practice.py` makes both.
"""

import edgcn

store = edgcn.prepare("poses", out="stores/study", annotations=["coded"])
clips = store.clips()
first = clips.clip(0)  # (frames, people, joints, x y z), as raw as the file
print(f"{len(clips)} clips; the first is {store.classes[clips.labels[0]]!r}, {first.shape}")

results = edgcn.evaluate("edgcn-s", store, protocol="few-shot", shots=(1, 2))
print(results.table())  # beside the baselines, on people who were not learned from
