"""`make package-check`: wheel and source distribution, each in a bare environment.

It downloads whatever pip finds newest, so it is no part of the suite; test_packaging.py looks at
what the two would hold.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*command: object, folder: Path) -> None:
    print("$", *command, flush=True)
    subprocess.run([str(word) for word in command], cwd=folder, check=True)


def check(package: Path, folder: Path) -> None:
    """Install one and use it: the command line, the weights, the page's files."""
    venv.create(folder / "env", with_pip=True)
    programs = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    run(programs / "pip", "install", "--quiet", package, folder=folder)
    run(programs / "edgcn", "--version", folder=folder)
    run(programs / "edgcn", "--help", folder=folder)
    options = ("--options", "clips", "60", "subjects", "6")
    run(programs / "edgcn", "prepare", "synthetic", "--out", "store", *options, folder=folder)
    run(programs / "edgcn", "fit", "edgcn-s", "store", "--out", "named.edgcn", folder=folder)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        made = Path(name) / "dist"
        run(sys.executable, "-m", "hatchling", "build", "--directory", made, folder=ROOT)
        for package in sorted(made.iterdir()):
            folder = Path(name) / package.suffix.removeprefix(".")
            folder.mkdir()
            check(package, folder)
            print(f"ok: {package.name}", flush=True)


if __name__ == "__main__":
    main()
