"""Room 0: the words everything else is said in."""

from edgcn.skeleton.layouts import TOPOLOGIES
from edgcn.skeleton.recording import Clip, Recordings, Skipped, SplitRule
from edgcn.skeleton.topology import Topology

__all__ = ["TOPOLOGIES", "Clip", "Recordings", "Skipped", "SplitRule", "Topology"]
