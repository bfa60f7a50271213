"""A topology as a graph: which joints are how many bones apart, also across a window of frames.

Disentangled k-hop adjacency and the tiled window graph are ideas of MS-G3D (Liu et al., CVPR 2020):
scale k joins exactly the joints k bones apart, so that near joints do not drown far ones.

Topology -> adjacency (V, V) -> window (W V, W V) -> k-hop (V, V), 0 or 1 -> normalized.
"""

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.topology import Topology

Adjacency = Float[np.ndarray, "v v"]


def adjacency(topology: Topology) -> Adjacency:
    """Symmetric 0/1 matrix of the bones, in joint order, with an empty diagonal."""
    matrix = np.zeros((len(topology), len(topology)), dtype=np.float32)
    for child, parent in topology.edges:
        matrix[child, parent] = matrix[parent, child] = 1
    return matrix


def window_adjacency(graph: Adjacency, window: int) -> Float[np.ndarray, "w w"]:
    """The graph of `window` frames: every joint meets itself and its neighbors in every frame.

    Nodes are frame by frame, all joints of one frame together: node = frame * V + joint. A joint
    is joined to itself in its own frame too: the diagonal is 1.
    """
    if window < 1:
        raise EdgcnError(f"expected a window of at least 1 frame, got {window}")
    with_self = np.minimum(graph + np.eye(len(graph), dtype=graph.dtype), 1)
    return np.tile(with_self, (window, window))


def hop_distance(graph: Adjacency) -> Adjacency:
    """Fewest edges between each two nodes; infinity where no path joins them."""
    steps = (graph > 0) | np.eye(len(graph), dtype=bool)
    reached = np.eye(len(graph), dtype=bool)
    distance = np.where(reached, 0, np.inf).astype(np.float32)
    for hops in range(1, len(graph)):
        farther = (reached.astype(np.float32) @ steps.astype(np.float32)) > 0
        if (farther == reached).all():
            break
        distance[farther & ~reached] = hops
        reached = farther
    return distance


def k_adjacency(graph: Adjacency, k: int) -> Adjacency:
    """Join the nodes exactly `k` edges apart, and each node to itself; k = 0 is the identity."""
    if k < 0:
        raise EdgcnError(f"expected k of at least 0 hops, got {k}")
    apart: Adjacency = (hop_distance(graph) == k).astype(np.float32)
    if k > 0:
        apart += np.eye(len(graph), dtype=np.float32)
    return apart


def normalize_adjacency(graph: Adjacency) -> Adjacency:
    """D^-1/2 A D^-1/2 with D the row sums; a node without edges keeps an empty row."""
    degree = graph.sum(axis=-1).astype(np.float64)
    scale = np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    normalized: Adjacency = (scale[:, None] * graph * scale[None, :]).astype(np.float32)
    return normalized
