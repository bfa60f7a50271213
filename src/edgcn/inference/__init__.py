"""Names for new clips: the recognizer, its file, and the released weights."""

from edgcn.inference.recognizer import Recognizer, load

__all__ = ["Recognizer", "load"]
