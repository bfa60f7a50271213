"""Normalization and streams, one clip (C, T, V, M) at a time in plain numpy: slow and obvious."""

from benchmarks.transcription.normalize import bones, motion, normalize

__all__ = ["bones", "motion", "normalize"]
