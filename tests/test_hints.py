"""What messages advise to type exists: commands in the source, flags in what bad input is told."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from edgcn import cli
from edgcn.commands.flags import flags_of, other_flags

ROOT = Path(__file__).parents[1]
ADVICE = re.compile(r"(?:`|next: |, or )edgcn ([a-z][a-z-]*)([^`,;]*)")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
ANYWHERE = {"--config", "--plugin", "--debug", "--help"}
SAID = re.compile(r"^\| [^|]* \| `edgcn ([\w-]+)[^|]* \| (.*) \|$", re.MULTILINE)


@cache
def flags(command: str) -> frozenset[str]:
    """Every flag that a command may take."""
    home, name = cli.COMMANDS[command]
    config = getattr(import_module(home), name)
    known = {flag.name for flag in (*flags_of(config, {}), *other_flags(config))}
    return frozenset(known | {flag.replace("--", "--no-", 1) for flag in known} | ANYWHERE)


def texts(path: Path) -> Iterator[str]:
    """The texts of a file, with X for what is put into them."""
    content = path.read_text()
    if not ADVICE.search(" ".join(content.split())):
        return
    tree = ast.parse(content)
    within = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
              for part in node.values}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "X" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in within:
            yield node.value


def test_commands_that_messages_advise_exist() -> None:
    found = 0
    for path in sorted((ROOT / "src" / "edgcn").rglob("*.py")):
        for text in texts(path):
            for command, rest in ADVICE.findall(" ".join(text.split())):
                found += 1
                assert command in cli.COMMANDS, f"{path.name}: {text}"
                resumed = {"--resume"} if command == "pretrain" else set()
                unknown = set(FLAG.findall(rest)) - flags(command) - resumed
                assert not unknown, f"{path.name}: edgcn {command} has no {unknown}: {text}"
    assert found > 40


def foreign(command: str, message: str) -> set[str]:
    """Flags in a message that the command does not have, where no other one is named with them."""
    found = set()
    for clause in re.split(r"[;:(]", message):
        named = {word for word in re.findall(r"[a-z-]+", clause) if word in cli.COMMANDS}
        known = frozenset().union(*map(flags, named or {command}))
        found |= set(FLAG.findall(clause)) - known - flags(command) - {"--resume"}
    return found


def test_flags_that_answers_to_bad_input_advise_are_those_of_their_command() -> None:
    rows = SAID.findall((ROOT / "docs" / "bad-inputs.md").read_text())
    assert len(rows) > 150
    wrong = {text: bad for command, text in rows if command in cli.COMMANDS
             and "does not know --" not in text and (bad := foreign(command, text))}  # fmt: skip
    assert wrong == {}


@pytest.mark.parametrize(("message", "bad"), [
    ("no joint has its name; pass --skeleton position", {"--skeleton"}),
    ("no joint has its name; fit or evaluate with --skeleton position", set()),
    ("x exists already; choose another --out", set()),
])  # fmt: skip
def test_a_flag_of_another_command_needs_its_name(message: str, bad: set[str]) -> None:
    assert foreign("recognize", message) == bad
