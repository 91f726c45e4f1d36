# make serve   read the book at http://127.0.0.1:8000/       make check   the quick tests, no browser
# make site    build it into site/                           make test    every test, browsers installed first
# make offline pack it to be read from disk                  make bench   measure it
# make hosted  build what is published                       make lock    renew requirements.txt
# make chapter PART=serving NAME=my-chapter, make demo NAME=my-chapter/my-figure   begin one
# make matrix  test every figure, engine and setting         make models  train the models again, an hour and a half
# Python 3.11 or newer and Node 20 or newer are assumed; each command sets up what else it needs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: serve chapter demo site offline hosted test matrix check bench models lock setup browsers clean FORCE

PORT ?= 8000
PYTHON := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
SETUP := .venv/installed node_modules/installed
# Everything the site is made from.
INPUTS := $(shell find docs demos_py overrides wasm mkdocs.yml -type f \
	-not -path '*/__pycache__/*' -not -path overrides/partials/cutaway.html | sort)

serve: site
	@$(PYTHON) -m author.watch $(PORT)

chapter: $(SETUP)
	@$(PYTHON) -m author.new chapter "$(PART)" "$(NAME)"

demo: $(SETUP)
	@$(PYTHON) -m author.new demo "$(NAME)"

site: site/index.html

# The book as one archive: unpacked anywhere, it is read from disk, without a server.
offline: build/cutaway-offline.zip

build/cutaway-offline.zip: site/index.html
	$(PYTHON) -m wasm.disk site
	$(PYTHON) -m wasm.budgets site $@

# What is published: the site with the archive in it, and one file that holds all of that, to be attested.
hosted: build/cutaway-site.tar

build/cutaway-site.tar: build/cutaway-offline.zip | browsers
	$(PYTHON) -m wasm.cards site
	cp build/cutaway-offline.zip site/
	tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 \
		--mode=a=rX,u+w -cf $@ site

site/index.html: $(SETUP) $(INPUTS) build/inputs
	$(PYTHON) -m wasm.stage
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict
	$(PYTHON) -m wasm.finish site
	$(PYTHON) -m wasm.offline site
	$(PYTHON) -m wasm.budgets site

# The list of the inputs, and the site's address: it gets newer when a file appears or goes away.
build/inputs: FORCE
	@mkdir -p build
	@cmp -s $@ <<<"$${SITE_URL-} $(INPUTS)" || echo "$${SITE_URL-} $(INPUTS)" > $@

test: browsers check offline
	$(PYTHON) -m pytest -n 2 --dist loadfile -m slow tests/unit tests/build
	$(PYTHON) -m pytest -n 2 --dist loadfile tests/browser

# Every figure in each engine and each setting, and what an engine cannot do, with the reason; every trouble.
matrix: browsers offline
	CUTAWAY_MATRIX=1 $(PYTHON) -m pytest -n 2 --dist loadfile \
		tests/browser/test_settings.py tests/browser/test_start.py tests/browser/test_failures.py tests/browser/test_hard.py tests/browser/test_contained.py

check: $(SETUP)
	$(PYTHON) -m wasm.stage
	$(PYTHON) -m author.check
	$(MAKE) site
	ruff check
	ruff format --check
	pyright
	if [ -f wasm/host/jsconfig.json ]; then tsc -p wasm/host/jsconfig.json; fi
	$(PYTHON) -m pytest -n 2 --dist loadfile -m "not slow" tests/unit tests/build

bench: browsers site
	$(PYTHON) -m tests.bench

# The trained files are committed; PyTorch is not among what the book is built with.
models:
	python3 -m venv build/models-venv
	build/models-venv/bin/python -m pip install --quiet --disable-pip-version-check -r wasm/models/requirements.txt
	build/models-venv/bin/python -m wasm.models.pocket_lm
	build/models-venv/bin/python -m wasm.models.export
	build/models-venv/bin/python -m wasm.models.quantize
	build/models-venv/bin/python -m wasm.models.pocket_draft
	build/models-venv/bin/python -m wasm.models.pocket_sae
	build/models-venv/bin/python -m wasm.models.pocket_induction
	build/models-venv/bin/python -m wasm.models.pocket_embed

lock: .venv/installed
	uv pip compile --quiet --native-tls --generate-hashes --universal --python-version 3.11 --no-emit-index-url \
		--no-header --no-annotate -o requirements.txt requirements.in

setup: $(SETUP)

.venv/installed: requirements.txt pyproject.toml
	[ -x $(PYTHON) ] || python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

node_modules/installed: package.json package-lock.json
	npm ci --silent
	touch $@

# Playwright's own browsers are not used: the tests take the system's.
BROWSERS := chromium firefox-esr webkit2gtk-driver xvfb xauth mesa-vulkan-drivers
INSTALL_BROWSERS := apt-get install -y --no-install-recommends $(BROWSERS)

browsers:
	@missing=; \
	for name in chromium firefox-esr WebKitWebDriver xvfb-run xauth; do \
		command -v $$name > /dev/null || missing+=" $$name"; \
	done; \
	compgen -G '/usr/share/vulkan/icd.d/lvp_icd*' > /dev/null || missing+=" lavapipe"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	echo "Missing for the browser tests:$$missing"; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(INSTALL_BROWSERS) -qq > /dev/null; \
	else \
		echo "Install it from the system, then run make again. On Debian:"; \
		echo "  sudo apt-get update && sudo $(INSTALL_BROWSERS)"; \
		exit 1; \
	fi

clean:
	rm -rf build site .pytest_cache .ruff_cache .hypothesis
