"""Values as a user's script may have got them wrong: another type, shape, length, name, number.

A tree (dicts, lists, numbers, text, arrays) -> the same with one node changed.
"""

from random import Random
from typing import Any

import numpy as np

NUMBERS = (
    0, 1, -1, 2, 7, -7, 1.5, 99, 255, 256, 65536, 2**31 - 1, 2**31, -(2**31), 2**53 + 1, 2**63,
    2**64, -(2**63), 10**30, 10**400, 1e7, 1e30, 1e308, -1e308, 5e-324, -0.0, float("nan"),
    float("inf"), float("-inf"), True, False,
)  # fmt: skip
WORDS = (
    "", " ", "x", "nan", "0", "-1", "1e5", "None", "a" * 100_000, "\ud800", "\x1b[2J", "\0", "\n",
    "../../x", "/dev/zero", "<script>", "é", "e\u0301", "Touch", "touch", "meters", "px", "float32",
    "O", "%s", "{0}", "🙂",
)  # fmt: skip
DTYPES = (
    "f2", "f4", "f8", ">f4", "i1", "u1", "i4", "i8", "u8", "c8", "?", "U5", "S5", "M8[s]", "O",
    "V8",
)  # fmt: skip
LARGEST = 2**21  # values that an array may grow to


def edited(rng: Random, tree: Any) -> Any:
    """A copy with one node changed, near the root more often than its share."""
    if isinstance(tree, dict) and tree and rng.random() < 0.75:
        key = rng.choice(list(tree))
        return {**tree, key: edited(rng, tree[key])}
    if isinstance(tree, list | tuple) and tree and rng.random() < 0.75:
        at = rng.randrange(len(tree))
        items = [*tree]
        items[at] = edited(rng, items[at])
        return items if isinstance(tree, list) else tuple(items)
    return _changed(rng, tree)


def _changed(rng: Random, node: Any) -> Any:
    if rng.random() < 0.15:
        return other(rng)
    if isinstance(node, np.ndarray):
        return edited_array(rng, node)
    if isinstance(node, dict):
        return _edited_dict(rng, node)
    if isinstance(node, list | tuple):
        items = _edited_list(rng, list(node))
        return items if isinstance(node, list) else tuple(items)
    if isinstance(node, str):
        return rng.choice((*WORDS, node.upper(), node + " ", node * 2, node[::-1], 0, [node], None))
    if isinstance(node, int | float):
        step = rng.choice((1, -1, 0.5, 1e-7))
        return rng.choice((*NUMBERS, node + step, node + step, -node, str(node), [node], None))
    return other(rng)


def other(rng: Random) -> Any:
    """A value of any kind, whatever stood there."""
    deep: Any = []
    for _ in range(rng.choice((1, 50, 400))):
        deep = [deep] if rng.random() < 0.5 else {"a": deep}
    return rng.choice((None, [], {}, [[]], [None], {"": 0}, deep, *NUMBERS, *WORDS))


def _edited_dict(rng: Random, node: dict[Any, Any]) -> dict[Any, Any]:
    items = list(node.items())
    if not items:
        return {rng.choice(WORDS): other(rng)}
    at = rng.randrange(len(items))
    key, value = items[at]
    match rng.randrange(6):
        case 0 | 1:
            del items[at]
        case 2:
            items[at] = (key.upper() if isinstance(key, str) else str(key), value)
        case 3:
            items.append((rng.choice(WORDS), other(rng)))
        case 4:
            items[at] = (key, rng.choice(items)[1])
        case _:
            rng.shuffle(items)
    return dict(items)


def _edited_list(rng: Random, items: list[Any]) -> list[Any]:
    if not items:
        return [other(rng)]
    at = rng.randrange(len(items))
    match rng.randrange(8):
        case 0 | 1:
            del items[at]
        case 2 | 3:
            items.insert(at, items[at])
        case 4:
            items.append(other(rng))
        case 5:
            items = items[:at]
        case 6:
            items = items * rng.choice((2, 30 if len(items) < 1000 else 2))
        case _:
            rng.shuffle(items)
    return items


def edited_array(rng: Random, array: np.ndarray) -> Any:
    """Another dtype, another shape, or other values."""
    return rng.choice((_other_dtype, _other_shape, _other_shape, _other_values, _other_values))(
        rng, array
    )


def _other_dtype(rng: Random, array: np.ndarray) -> Any:
    with np.errstate(all="ignore"):
        try:
            return array.astype(rng.choice(DTYPES))
        except (ValueError, TypeError, OverflowError):
            return array.astype(str)


def _other_shape(rng: Random, array: np.ndarray) -> np.ndarray:
    flat = array.ravel()
    axis = rng.randrange(max(1, array.ndim))
    match rng.randrange(10):
        case 0:
            return array[None]
        case 1:
            return array[..., None]
        case 2:
            return array[:0]
        case 3:
            return flat
        case 4:
            return array.T
        case 5 if array.size:
            return np.asarray(flat[0])  # of shape ()
        case 6 if array.ndim and array.shape[axis]:
            return np.delete(array, rng.randrange(array.shape[axis]), axis=axis)
        case 7 if array.ndim and array.size * 2 < LARGEST:
            return np.concatenate([array, array], axis=axis)
        case 8 if array.ndim:
            shape = list(array.shape)
            shape[axis] = 0
            return np.zeros([rng.choice((1, n)) for n in shape], dtype=array.dtype)
        case _:
            return np.asfortranarray(array[::-1] if array.ndim else array)


def _other_values(rng: Random, array: np.ndarray) -> np.ndarray:
    array = np.array(array)
    if not array.size:
        return array
    if array.dtype.kind in "US":
        words = array.ravel().astype(object)
        words[rng.randrange(array.size)] = rng.choice(WORDS)
        texts: np.ndarray = words.astype(str).reshape(array.shape)
        return texts
    places = [rng.randrange(array.size) for _ in range(rng.choice((1, 1, 3)))]
    if rng.random() < 0.2:
        places = list(range(array.size))
    value = rng.choice(NUMBERS)
    with np.errstate(all="ignore"):
        for at in places:
            try:
                array.flat[at] = value
            except (ValueError, TypeError, OverflowError):
                array.flat[at] = array.flat[places[-1]]
    return array
