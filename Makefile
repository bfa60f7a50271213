# Two commands from a fresh clone; only Python 3.11+, pip and make are assumed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo studio test docs package-check bench gpu-check faults fuzz clean

demo: .venv/core
	$(BIN)/edgcn demo

# Code made interviews in the browser; STUDIO passes other recordings on, such as STUDIO='stores/mine --coder AB'.
studio: .venv/studio
	$(BIN)/edgcn studio $(or $(STUDIO),demo)

test: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -q -n 2 --dist worksteal  # many processes: modules are compiled once

# The documentation as a site in site/; a warning, such as a broken link, is an error.
docs: .venv/docs
	$(BIN)/zensical build --strict --clean

# Wheel and source distribution, each installed without constraints into a bare environment and run there.
package-check: .venv/dev
	$(BIN)/python tests/package_check.py

# Wrong inputs for an hour; FUZZ passes flags on, such as FUZZ='--minutes 5 --kinds ntu,pyskl --seed 3'.
fuzz: .venv/dev
	PYTHONPATH=tests OMP_NUM_THREADS=1 $(BIN)/python -m fuzz $(FUZZ)

# BENCH passes flags on, such as BENCH='--peer-msg3d DIR' or BENCH=--quick.
bench: .venv/core
	$(BIN)/python -m benchmarks $(BENCH)

# On a machine with a GPU, in 8 minutes; GPU='--quick --device cpu' tries it anywhere.
gpu-check: .venv/dev
	$(BIN)/python -m benchmarks.gpu_check $(or $(GPU),--docs docs/performance.md)

# FAULTS passes flags on, such as FAULTS='--kills 20'.
faults: .venv/dev
	PYTHONPATH=tests $(BIN)/python -m faults $(FAULTS)

.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt -e .
	touch $@

.venv/studio: .venv/core
	$(BIN)/pip install --quiet -c constraints.txt -e '.[studio]'
	touch $@

.venv/dev: .venv/core
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

.venv/docs: .venv/core
	$(BIN)/pip install --quiet -c constraints.txt -e '.[docs]'
	touch $@

clean:
	rm -rf .venv
