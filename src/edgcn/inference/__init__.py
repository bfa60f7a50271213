"""Room 3: names for new clips."""

from edgcn.inference.recognizer import Recognizer, load

__all__ = ["Recognizer", "load"]
