"""Window graph convolution by its definition: one window, joint, scale and frame at a time."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def hops_by_walking(edges: set[tuple[int, int]], nodes: int) -> Array:
    """Distances by breadth-first search over neighbor lists."""
    distance = np.full((nodes, nodes), np.inf)
    for start in range(nodes):
        frontier, hops = {start}, 0
        while frontier:
            for node in frontier:
                distance[start, node] = hops
            ahead = {j for i in frontier for j in range(nodes) if (i, j) in edges}
            frontier = {j for j in ahead if distance[start, j] == np.inf}
            hops += 1
    return distance


def window_edges(bones: list[tuple[int, int]], joints: int, window: int) -> set[tuple[int, int]]:
    """Node frame * V + joint meets itself and its neighbors in every frame of the window."""
    joined = (
        {(i, j) for i, j in bones} | {(j, i) for i, j in bones} | {(i, i) for i in range(joints)}
    )
    return {
        (a * joints + i, b * joints + j)
        for a in range(window)
        for b in range(window)
        for i, j in joined
    }


def scale_weights(edges: set[tuple[int, int]], nodes: int, hop: int) -> Array:
    """D^-1/2 A_hop D^-1/2, with self-loops."""
    distance = hops_by_walking(edges, nodes)
    joined = np.array(
        [[float(distance[i, j] == hop or i == j) for j in range(nodes)] for i in range(nodes)]
    )
    degree = joined.sum(axis=1)
    weights: Array = joined / np.sqrt(degree[:, None] * degree[None, :])
    return weights


def window_graph_conv(
    x: Array, weights: Array, mix: Array, bias: Array, *, window: int, stride: int
) -> Array:
    """ReLU of the mixed nodes of every window.

    x (C, T, V); weights (scales, W V, W V); mix (C', scales, C) -> (C', windows, W, V).
    """
    channels, frames, joints = x.shape
    windows = [*range(0, frames, stride)]
    out = np.zeros((len(mix), len(windows), window, joints))
    for place, center in enumerate(windows):
        nodes = np.zeros((channels, window * joints))
        for step in range(window):
            frame = center + step - window // 2
            if 0 <= frame < frames:
                nodes[:, step * joints : (step + 1) * joints] = x[:, frame]
        for node in range(window * joints):
            total = bias.copy()
            for scale, graph in enumerate(weights):
                total += mix[:, scale] @ (nodes @ graph[node])
            out[:, place, node // joints, node % joints] = np.maximum(total, 0)
    return out
