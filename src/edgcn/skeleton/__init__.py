"""Skeletons and recordings of them: joints, names, axes, and what is missing."""

from edgcn.skeleton.layouts import TOPOLOGIES
from edgcn.skeleton.topology import Topology

__all__ = ["TOPOLOGIES", "Topology"]
