"""XML as a tree, without what makes XML dangerous: no document types, no entities, no bombs."""

from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from edgcn.base.errors import FileError
from edgcn.base.words import quoted

LARGEST = 500_000_000  # bytes
DEEPEST = 50  # elements in each other


def read_xml(path: Path) -> Element:
    """The root element of a file; each element's line is its attribute `line`.

    Raises:
        FileError: no XML, one with a document type, one that is too large or too deep.
    """
    size = path.stat().st_size
    if size > LARGEST:
        raise FileError(path, f"expected at most {LARGEST // 10**6} MB, got {size // 10**6} MB")
    builder, parser, depth = TreeBuilder(), expat.ParserCreate(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            reason = f"expected at most {DEEPEST} elements in each other"
            raise FileError(path, reason, line=parser.CurrentLineNumber)
        builder.start(tag, {**attributes, "line": str(parser.CurrentLineNumber)})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        reason = "expected plain XML, got a document type, which is never needed here"
        raise FileError(path, reason, line=parser.CurrentLineNumber)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(path.read_bytes(), True)
        return builder.close()
    except expat.ExpatError as error:
        text = expat.ErrorString(error.code)
        raise FileError(path, f"expected XML, got {text}", line=error.lineno) from None
    except (ValueError, AssertionError, LookupError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(path, f"expected XML, got {quoted(str(error))}") from None
