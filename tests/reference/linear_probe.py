"""The linear protocol by PyTorch's own optimizer, loss and schedule: slow, and obvious."""

from benchmarks.transcription.linear_probe import train_linear

__all__ = ["train_linear"]
