"""Augmentations, one clip (C, T, V, M) at a time in plain numpy loops: slow and obvious."""

from benchmarks.transcription.augment import SLOW

__all__ = ["SLOW"]
