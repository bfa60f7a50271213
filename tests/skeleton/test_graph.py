"""Laws of skeleton graphs, and the distances a walk along the bones finds."""

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.skeleton import TOPOLOGIES
from edgcn.skeleton.graph import (
    adjacency,
    hop_distance,
    k_adjacency,
    normalize_adjacency,
    window_adjacency,
)
from reference.window_graph import hops_by_walking, scale_weights, window_edges

NAMES = list(TOPOLOGIES)


@pytest.mark.parametrize("name", NAMES)
def test_distances_are_those_of_a_walk(name: str) -> None:
    topology = TOPOLOGIES[name]
    edges = {*topology.edges, *((j, i) for i, j in topology.edges)}
    expected = hops_by_walking(edges, len(topology))
    assert np.array_equal(hop_distance(adjacency(topology)), expected)


@pytest.mark.parametrize("name", NAMES)
def test_every_pair_is_joined_at_exactly_one_scale(name: str) -> None:
    graph = adjacency(TOPOLOGIES[name])
    scales = [k_adjacency(graph, k) for k in range(len(graph))]  # each node is at all of them
    loops = (len(graph) - 1) * np.eye(len(graph))
    assert np.array_equal(np.sum(scales, axis=0), np.ones_like(graph) + loops)


def test_scale_zero_is_the_identity_and_scale_one_the_bones() -> None:
    graph = adjacency(TOPOLOGIES["coco_17"])
    assert np.array_equal(k_adjacency(graph, 0), np.eye(17))
    assert np.array_equal(k_adjacency(graph, 1), graph + np.eye(17))


@pytest.mark.parametrize("window", [1, 3, 5])
@pytest.mark.parametrize("hop", [0, 1, 2])
def test_window_graph_equals_its_definition(window: int, hop: int) -> None:
    topology = TOPOLOGIES["coco_17"]
    nodes = window * len(topology)
    edges = window_edges(list(topology.edges), len(topology), window)
    got = normalize_adjacency(k_adjacency(window_adjacency(adjacency(topology), window), hop))
    np.testing.assert_allclose(got, scale_weights(edges, nodes, hop), rtol=1e-6)


@pytest.mark.parametrize("hop", [0, 1, 4])
def test_normalized_graphs_are_symmetric_with_largest_eigenvalue_one(hop: int) -> None:
    graph = normalize_adjacency(k_adjacency(adjacency(TOPOLOGIES["kinect_v2"]), hop))
    assert np.array_equal(graph, graph.T)
    assert np.linalg.eigvalsh(graph.astype(np.float64)).max() == pytest.approx(1, abs=1e-6)


def test_lonely_nodes_stay_empty_and_infinitely_far() -> None:
    graph = np.zeros((3, 3), dtype=np.float32)
    graph[0, 1] = graph[1, 0] = 1
    assert np.isfinite(normalize_adjacency(graph)).all()
    assert np.isinf(hop_distance(graph)[2, :2]).all()
    assert np.array_equal(k_adjacency(graph, 2), np.eye(3))


def test_impossible_scales_are_refused() -> None:
    graph = adjacency(TOPOLOGIES["coco_17"])
    with pytest.raises(EdgcnError, match="at least 0 hops, got -1"):
        k_adjacency(graph, -1)
    with pytest.raises(EdgcnError, match="at least 1 frame, got 0"):
        window_adjacency(graph, 0)
