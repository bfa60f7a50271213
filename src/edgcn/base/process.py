"""The process: how a long computation gets memory, and which of several ranks speaks.

The tensors of a training step are freed and requested again, batch after batch. glibc gives large
ones back to the system each time, which clears the same pages anew: up to a fifth of a step.
"""

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # malloc.h


def keep_freed_memory() -> bool:
    """Let this process keep freed memory for its next tensors; whether its C library could.

    Only commands call this, never the library on import: it changes the whole process, whose
    resident memory then stays at its peak.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, -1))


def is_first_rank() -> bool:
    """Whether this process is the first of those that share a training, or alone."""
    ranks = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")
    return all(os.environ.get(name, "0") == "0" for name in ranks)
