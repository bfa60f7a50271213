"""All kinds of input by name: how a small valid sample is made, how it is read, what is kept."""

from fuzz.annotated import ANNOTATED
from fuzz.kind import Kind
from fuzz.recorded import RECORDED
from fuzz.trained import TRAINED

KINDS: dict[str, Kind] = {**RECORDED, **TRAINED, **ANNOTATED}
