# Everything from nothing but make and a Python: `make test`, `make demo`, `make clean`.
# PYTHON chooses the interpreter: `make test PYTHON=python3.13`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP = -m pip --disable-pip-version-check --quiet
DEMO_LIBRARIES = scikit-learn pandas torch==2.13.0

.PHONY: test demo clean

test: .venv-test/ready
	.venv-test/bin/ruff check .
	.venv-test/bin/ruff format --check .
	.venv-test/bin/mypy
	.venv-test/bin/python -m pytest

# Not editable: the demo is about what a user gets, from the sources as they are now.
demo: .venv-demo/ready
	.venv-demo/bin/python $(PIP) install --force-reinstall --no-deps .
	.venv-demo/bin/python bench/demo.py

# Editable: what is tested is this tree, and the hook is live in the test run itself.
.venv-test/ready: pyproject.toml Makefile
	$(PYTHON) -m venv --clear .venv-test
	.venv-test/bin/python $(PIP) install --editable '.[test,browser]'
	touch $@

.venv-demo/ready: pyproject.toml Makefile
	$(PYTHON) -m venv --clear .venv-demo
	.venv-demo/bin/python $(PIP) install . $(DEMO_LIBRARIES)
	touch $@

clean:
	rm -rf .venv-test .venv-demo build dist
