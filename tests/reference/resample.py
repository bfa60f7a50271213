"""The obvious slow resampling of one clip: joint by joint, one frame position after the other."""

from benchmarks.transcription.resample import positions, resample_clip

__all__ = ["positions", "resample_clip"]
