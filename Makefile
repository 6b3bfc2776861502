# Written for GNU Make 3.81 and later, Linux and macOS. On Windows, see the README for the same lines without make.
PYTHON ?= python3
ARGS ?=
VIDEO ?=
LANDMARKER ?=

RUNTIME := .venv/bin/python
DEV := .venv-dev/bin/python
EVERYTHING := .[cpu,label,train,tensorboard,export,dev]
# Two environments that exported files are opened in. Both runtimes have packages for this system; elsewhere those tests are
# skipped, and say so.
OTHER_RUNTIMES := $(if $(filter Linux-x86_64,$(shell uname -sm | tr ' ' -)),.venv-oldest/.files .venv-openvino/.runtime)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# $(call install,VENV,WHAT): make the environment where it is missing, then install WHAT at the pinned versions.
define install
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12")'
test -x $(1)/bin/pip || $(PYTHON) -m venv $(1)
$(1)/bin/python -m pip install --constraint constraints.txt $(2)
@touch $@
endef

.PHONY: help webcam test check docs format bench openvino web test-web bench-web web-pictures

help:  ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1  -  /p' Makefile

webcam: .venv/.runtime  ## segment the camera live (ARGS="--source demo" and so on; ARGS=--help lists all)
	$(RUNTIME) run_webcam.py $(ARGS)

test: .venv/.test .venv-dev/.dev $(OTHER_RUNTIMES)  ## the runtime's tests where no torch and no mediapipe is installed, then all tests
	$(RUNTIME) -c 'from importlib.util import find_spec; assert not find_spec("torch") and not find_spec("mediapipe")'
	$(RUNTIME) -m pytest tests/realtime
	$(DEV) -m pytest

check: .venv-dev/.dev  ## formatting, lint, types, who imports whom
	$(DEV) -m ruff format --check .
	$(DEV) -m ruff check .
	$(DEV) -m mypy
	.venv-dev/bin/lint-imports

docs: .venv-docs/.docs  ## the pages as a site in .docs/site; a link that leads nowhere ends it
	.venv-docs/bin/python -m docs.pages .docs/pages
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict

format: .venv-dev/.dev  ## rewrite the code in the project's format
	$(DEV) -m ruff format .
	$(DEV) -m ruff check --fix .

# Half an hour on two cores, of which the leak test takes twenty minutes. VIDEO=clip.mp4: a clip with a face, besides the
# demo. LANDMARKER=face_landmarker.task: MediaPipe's model file, where it is here already.
bench: .venv-dev/.dev  ## measure this machine, and renew the tables of docs/performance.md
	mkdir -p .bench
	$(DEV) -m realtime.bench --peers --floor $(if $(VIDEO),--video $(VIDEO) --size 640x480) \
		$(if $(LANDMARKER),--landmarker $(LANDMARKER)) --json .bench/models.json --plot docs/models.png
	$(DEV) -m realtime.bench --all --video demo --json .bench/demo.json
	$(if $(VIDEO),$(DEV) -m realtime.bench --all --video $(VIDEO) --size 640x480 --json .bench/clip.json)
	$(DEV) -m benchmarks.soak --json .bench/soak.json
	$(DEV) -m benchmarks.page docs/performance.md .bench

openvino: .venv-openvino/.runtime .venv-dev/.dev  ## the same for OpenVINO, in its own environment
	mkdir -p .bench
	.venv-openvino/bin/python -m realtime.bench --json .bench/openvino.json
	$(DEV) -m benchmarks.page docs/performance.md .bench

web: web/node_modules/.installed  ## build the page that `python -m export web` hands out (Node 20.19 or later)
	cd web && npm run build

# Also that the committed build is what these sources make: packed files are compared by what is in them, because zlib's
# versions pack otherwise.
test-web: web/node_modules/.installed .venv-dev/.dev  ## the page's tests: units, then a real Chromium against Python
	cd web && npm run types && npm test
	rm -rf web/node_modules/.page && cd web && PAGE_FOLDER=node_modules/.page npx vite build --logLevel warn
	$(DEV) -m web.checks.compare export/page web/node_modules/.page
	.ci/chromium
	cd web && npm run e2e

bench-web: web/node_modules/.installed .venv-dev/.dev  ## what the page takes here, stage by stage; on a quiet machine
	cd web && npm run bench

web-pictures: web/node_modules/.installed .venv-dev/.dev  ## the pictures of docs/web.md
	cd web && npm run pictures

# A stamp file in each environment: a second call starts at once, a changed pin installs again.
.venv/.runtime: pyproject.toml constraints.txt
	$(call install,.venv,--editable '.[cpu]')

.venv-openvino/.runtime: pyproject.toml constraints.txt
	$(call install,.venv-openvino,--editable '.[openvino]')

.venv/.test: .venv/.runtime
	$(call install,.venv,pytest hypothesis)

# The builder alone: it needs nothing of the program.
.venv-docs/.docs: pyproject.toml constraints.txt
	$(call install,.venv-docs,mkdocs-material)

.venv-dev/.dev: pyproject.toml constraints.txt
	$(call install,.venv-dev,--editable '$(EVERYTHING)')

.venv-oldest/.files: tests/export/oldest_runtime.txt
	test -x .venv-oldest/bin/pip || $(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --no-deps --requirement $<
	@touch $@

# Not `npm ci`: the lock lacks rollup's packages for other systems, which npm could not resolve when it was made.
web/node_modules/.installed: web/package-lock.json
	cd web && npm install --no-audit --no-fund
	@touch $@
