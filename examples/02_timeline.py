"""Learn from coded recordings, find gestures in new ones, and write them for ELAN and as a table.

Run it beside poses/, coded/ and new/; `python practice.py` makes them.
"""

import edgcn

study = edgcn.prepare("poses", out="stores/study", annotations=["coded"], overwrite=True)
model = edgcn.fit("edgcn-s", study.clips())  # to name gestures
model.fit_spotter(study)  # and to find them
model.save("mine.edgcn")

new = edgcn.prepare("new", out="stores/new", overwrite=True)
found = edgcn.load("mine.edgcn").recognize(new)
edgcn.write_events(found, "found.csv", overwrite=True)
edgcn.write_events(found, "found", format="eaf", overwrite=True)  # a document per recording
for event in sorted(found.rows, key=lambda event: -(event.score or 0))[:5]:
    print(f"{event.recording}  {event.start:6.2f} s  {event.label}  {event.score:.2f}")
