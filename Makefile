# Everything goes through one virtual environment, rebuilt only when its inputs change.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.stamp
EPISODES ?= 20
MUTANTS ?= 400
SEED ?= 1
# A run this short learns one budget, or none of them well (docs/dqn.md).
SHORT := $(if $(filter 20,$(EPISODES)),--demonstrations 2 --budget-shares 1)
PEER_PIP := --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup train check quick-tests test test-all try-hook try-wheel lint test-faults bench-main bench-pool peers peer-tests bench-patch mutate bench-fire bench-tensors bench-plans bench-overlap validate-fire oracle clean pretrain bench-agent ablate

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## make .venv with the pinned versions

$(STAMP): pyproject.toml setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "CPython 3.11 or later is needed; try: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch==2.13.0
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[train,dev]'
	$(PY) -m fuelbreak.fire.warm_up
	@touch $@

train: $(STAMP)  ## patch src/Train.py, train with it and with src/Train_stable.py, evaluate, draw (EPISODES=20)
	$(PY) patch_train_stable.py
	$(PY) src/Train.py --episodes $(EPISODES)
	$(PY) src/Train_stable.py --episodes $(EPISODES) --batch-size 32 $(SHORT) --quiet --no-evaluate
	$(PY) -m fuelbreak.evaluate runs/latest --beside "$$(ls -d runs/*Z-train* | grep -v stable | tail -n 1)" lines
	@echo "To train for real: $(PY) src/Train_stable.py --rasters DIR --episodes 2000   (src/Train_stable.py --help)"

pretrain: $(STAMP)  ## make the weights of the agent that draws lines anew (LAYERS="DIR ...") -> runs/pretrained
	$(PY) -m fuelbreak.dqn.lines.pretrain $(if $(LAYERS),--rasters $(LAYERS))

lint: $(STAMP)  ## ruff and mypy --strict
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

check: $(STAMP)  ## lint, type-check and run the quick tests, side by side (a minute)
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint quick-tests

quick-tests: $(STAMP)
	$(PY) -m pytest -q -m "not slow and not all"

test: lint  ## lint, type-check and run the tests (ten minutes)
	$(PY) -m pytest

test-all: test test-faults peer-tests  ## all of that, and what needs package registries: clean venvs, hooks, other Pythons
	$(PY) -m pytest -m all

try-hook: $(STAMP)  ## the pre-commit hooks in another repository
	$(PY) -m pytest -m all tests/packaging/test_hook.py

try-wheel: $(STAMP)  ## build wheel and source distribution, install them in clean venvs and try them
	$(PY) -m pytest -m all tests/packaging/test_wheel.py

bench-main: $(STAMP)  ## the main job on real tiles, healthy and with faults
	$(PY) benchmarks/main_job.py

bench-pool: $(STAMP)  ## the pool beside other vector environments (make peers: more of them) -> docs/benchmarks/pool.md
	$(PY) benchmarks/bench_pool.py --out docs/benchmarks/pool.md $(addprefix --peers ,$(wildcard .venv-peers/bin/python))

peers:  ## other packages' vector environments in a venv of their own, for bench-pool (1 GB)
	$(PYTHON) -m venv --clear .venv-peers
	.venv-peers/bin/pip install $(PEER_PIP) torch==2.13.0 numpy gymnasium cloudpickle psutil
	for peer in stable-baselines3 tianshou torchrl pufferlib ray; do \
	  .venv-peers/bin/pip install $(PEER_PIP) --only-binary :all: $$peer || echo "$$peer does not install; its rows will say so"; \
	done

test-faults: $(STAMP)  ## every fault of the pool in every circumstance (some minutes)
	STABLEPOOL_FAULTS=all $(PY) -m pytest tests/stablepool/test_fault_matrix.py

peer-tests: $(STAMP)  ## Stable-Baselines3's own vector tests, run on the pool
	$(PY) tests/stablepool/peer_sb3.py

bench-patch: $(STAMP)  ## CPU time of the patch tool -> docs/benchmarks/patch.md
	$(PY) benchmarks/bench_patch.py --out docs/benchmarks/patch.md

mutate: $(STAMP)  ## cosmic-ray: how many faults in patches/ its tests notice (MUTANTS=400 SEED=1, half an hour) -> docs/benchmarks/patch_mutation.md
	$(PYTHON) -m venv .venv-mutate
	.venv-mutate/bin/pip install $(PEER_PIP) cosmic-ray
	.venv-mutate/bin/python benchmarks/mutation_score.py --mutants $(MUTANTS) --seed $(SEED) --out docs/benchmarks/patch_mutation.md

bench-fire: $(STAMP)  ## time per fire and per environment step
	$(PY) benchmarks/bench_fire.py

bench-tensors: $(STAMP)  ## fires and environments as tensors, on a GPU where there is one, beside the floor
	$(PY) benchmarks/bench_torch_fire.py

bench-plans: $(STAMP)  ## what plans that need no training save -> docs/benchmarks/plans.md
	$(PY) benchmarks/bench_plans.py

bench-overlap: $(STAMP)  ## environments that step while the learner trains, against turns -> docs/benchmarks/overlap.md
	$(PY) benchmarks/bench_overlap.py --out docs/benchmarks/overlap.md

bench-agent: $(STAMP)  ## the agent that draws lines beside the plans, held-out regions -> docs/benchmarks/agent.md
	$(PY) benchmarks/bench_agent.py

ablate: $(STAMP)  ## what each part of the DQN over cells is worth -> docs/benchmarks/dqn.md (half an hour)
	OMP_NUM_THREADS=1 $(PY) benchmarks/ablate_dqn.py --out docs/benchmarks/dqn.md

validate-fire: $(STAMP)  ## the fire beside its reference figures -> docs/pictures
	$(PY) benchmarks/validate_fire.py

oracle:  ## pyretechnics in a venv of its own, for simulator cross-checks (compiles for minutes)
	$(PYTHON) -m venv --clear .venv-oracle
	.venv-oracle/bin/pip install --quiet --disable-pip-version-check pyretechnics==2026.10.20

clean:  ## remove what was built (not runs, data or backups)
	rm -rf $(VENV) build src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
