# The daily commands. Needs make and Python 3.11 or newer; everything else is installed into $(VENV).
VENV ?= .venv
# The first Python that is new enough; `make test PYTHON=python3.13 VENV=.venv-3.13` chooses another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)
ARGS ?=
PY = $(VENV)/bin/python
PIP_INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check --no-input
# No server and no secret is needed to look at the code.
CHECK_ENV = ENVIRONMENT=test SECRET_KEY=only-for-checks WHATSAPP_APP_SECRET=only-for-checks \
	FIELD_ENCRYPTION_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
CODE = bakery_whatsapp benchmarks messaging tenants tests manage.py
PYTHON_FILES = find $(CODE) -name '*.py' -not -path '*/migrations/*' -print0
TEMPLATES = find templates messaging tenants -name '*.html' -path '*templates/*' -print0

.DEFAULT_GOAL := help

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
		while IFS="$$(printf '\t')" read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

.PHONY: run
run: installed catalogue ## Start everything with demo data; PORT (8000) and DATA_DIR (.local) move it
	@exec $(PY) -m bakery_whatsapp.development

.PHONY: manage
manage: installed ## A command of manage.py beside `make run`, with its DATA_DIR; ARGS="check_whatsapp"
	@exec $(PY) -m bakery_whatsapp.development manage $(ARGS)

.PHONY: test
test: installed-dev catalogue ## All tests but those that kill processes; ARGS="-k word" chooses
	$(PY) -m pytest -n 3 --dist loadfile $(ARGS)

.PHONY: test-faults
test-faults: installed-dev catalogue ## Tests that kill processes or wait long
	$(PY) -m pytest -m faults -n 4 $(ARGS)

.PHONY: bench-send
bench-send: installed-dev ## Measure sending, about half an hour; ARGS="--rounds 1 --only send" is shorter
	$(PY) -m benchmarks.bench_send $(ARGS)

.PHONY: bench-webhook
bench-webhook: installed-dev ## Measure receiving, about half an hour; ARGS="--rounds 1 --only single" is shorter
	$(PY) -m benchmarks.bench_webhook $(ARGS)

.PHONY: bench-admin
bench-admin: installed-dev ## Measure the admin's pages with a million messages, about two minutes
	$(PY) -m benchmarks.bench_admin $(ARGS)

.PHONY: bench-search
bench-search: installed-dev ## Measure searches among a million messages, about three minutes; ARGS="--only ten_million" takes half an hour
	$(PY) -m benchmarks.bench_search $(ARGS)

.PHONY: lint
lint: installed-dev ## Everything that reads the code without running it
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PYTHON_FILES) | xargs -0 $(VENV)/bin/django-upgrade --target-version 5.2 --check
	$(TEMPLATES) | xargs -0 -r $(VENV)/bin/djade --target-version 5.2 --check
	$(VENV)/bin/codespell
	$(CHECK_ENV) $(PY) -W ignore manage.py makemigrations --check --dry-run
	$(PY) -m bakery_whatsapp.catalogue check

.PHONY: format
format: installed-dev ## Let ruff, django-upgrade and djade rewrite what they can
	-$(PYTHON_FILES) | xargs -0 $(VENV)/bin/django-upgrade --target-version 5.2
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	-$(TEMPLATES) | xargs -0 -r $(VENV)/bin/djade --target-version 5.2

.PHONY: messages
messages: installed-dev ## Bring the Spanish catalogue up to date with the texts in code and templates
	$(PY) -m bakery_whatsapp.catalogue update

.PHONY: lock
lock: $(PY) ## Pin requirements.in and requirements-dev.in again, for Python 3.11 to 3.14
	$(PIP_INSTALL) uv
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header $(ARGS) requirements.in -o requirements.txt
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header $(ARGS) requirements-dev.in -c requirements.txt -o requirements-dev.txt

# --- What the commands above stand on --------------------------------------------------------------
$(PY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found; install it or name it: make run PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, $(PYTHON) is $$("$(PYTHON)" --version 2>&1). Name another: make run PYTHON=/path/to/python3"; exit 1; }
	@echo "Creating $(VENV)"
	@"$(PYTHON)" -m venv "$(VENV)" || { rm -rf "$(VENV)"; \
		echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# Installed again only when the pins changed: the copy beside the environment says what is in it.
.PHONY: installed
installed: $(PY)
	@cmp -s requirements.txt $(VENV)/requirements.txt || { \
		echo "Installing requirements.txt (about a minute)"; \
		$(PIP_INSTALL) -r requirements.txt && cp requirements.txt $(VENV)/requirements.txt; }

.PHONY: installed-dev
installed-dev: installed
	@cmp -s requirements-dev.txt $(VENV)/requirements-dev.txt || { \
		echo "Installing requirements-dev.txt"; \
		$(PIP_INSTALL) -r requirements-dev.txt && cp requirements-dev.txt $(VENV)/requirements-dev.txt; }

.PHONY: catalogue
catalogue: installed
	@$(PY) -m bakery_whatsapp.catalogue compile
