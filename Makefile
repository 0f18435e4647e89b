# Two commands for everyone: `make demo` and `make test`. Both set up what they need.
.PHONY: demo test check setup clean

# Threads that wait without spinning leave the other core to the window.
export OMP_WAIT_POLICY ?= passive

# Two processes, each with a virtual screen of its own (pytest-xvfb); WORKERS= runs everything in one.
WORKERS ?= -n 2 --dist loadgroup

demo: setup
	@.venv/bin/napari-udt demo

test: setup
	@env -u WAYLAND_DISPLAY QT_QPA_PLATFORM=xcb PYTHONFAULTHANDLER=1 OMP_NUM_THREADS=1 .venv/bin/python -m pytest $(WORKERS) $(ARGS)

check: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/npe2 validate napari-udt

setup:
	@bash .ci/setup

clean:
	rm -rf .venv demo-output
