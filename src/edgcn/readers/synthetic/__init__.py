"""Seated people making micro-gestures, computed by a kinematic model instead of recorded."""

from edgcn.readers.synthetic.reader import read_synthetic

__all__ = ["read_synthetic"]
