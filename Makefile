# `make run` and `make test` need Python 3.11 or newer, pip and make; nothing else.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PY := .venv/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes

# Every target but the stamps.
.PHONY: $(shell grep -oE '^[a-z-]+:' $(firstword $(MAKEFILE_LIST)) | tr -d :)

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

run: .venv/base.done ## start everything with a demo programme, on http://localhost:8000 (PORT=…)
	@$(PY) manage.py run

test: .venv/dev.done ## run all tests, with the real servers this machine has
	@$(PY) -m tests.run $(ARGS)

chaos: .venv/dev.done ## inject every fault at full scale and report what was lost, doubled and healed
	@$(PY) -m tests.chaos $(ARGS)

lint: .venv/dev.done ## style, types, layers, migrations, documents, deployment checks, known vulnerabilities
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy .
	.venv/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	PRODUCTION=true ALLOWED_HOSTS=switchboard.example.org SECRET_KEY=$$(head -c 60 /dev/urandom | base64 -w0) \
	  $(PY) manage.py check --deploy --fail-level WARNING
	@$(MAKE) --no-print-directory audit

audit: .venv/dev.done ## known vulnerabilities of the locked requirements; only a warning without network
	@$(PY) -m tests.vulnerabilities

format: .venv/dev.done ## bring the code into shape
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lock: .venv/dev.done ## lock requirements/*.in anew (ARGS=--upgrade for the newest versions)
	for name in base dev; do .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  $(ARGS) requirements/$$name.in -o requirements/$$name.txt || exit 1; done

docs: .venv/base.done ## write the documents that are made from code
	$(PY) manage.py configuration_reference

openapi: .venv/base.done ## write docs/openapi.yaml from the code
	ENV_FILE= $(PY) manage.py spectacular --file docs/openapi.yaml --validate --fail-on-warn

screenshots: .venv/dev.done ## take the pictures of the documents anew
	$(PY) -m tests.browser.screenshots

bench-sends: .venv/dev.done ## how fast due subscriptions become files in the spool
	$(PY) -m bench.sends $(ARGS)

bench-api: .venv/dev.done ## how fast the API answers beside a bare view
	$(PY) -m bench.api $(ARGS)

bench-inbox: .venv/dev.done ## how fast messages are listed, sent, marked and deleted among a million
	$(PY) -m bench.inbox $(ARGS)

bench-telephony: .venv/dev.done ## how fast lists of telephone users are answered beside a bare view
	$(PY) -m bench.telephony $(ARGS)

bench-gateway: .venv/dev.done ## how fast the SMS interface takes messages and lists them
	$(PY) -m bench.gateway $(ARGS)

bench-preview: .venv/dev.done ## how long it takes to foresee a year of messages
	$(PY) -m bench.preview $(ARGS)

bench-hosts: .venv/dev.done ## how fast hosts are found by place beside the bare SQL
	$(PY) -m bench.hosts $(ARGS)

bench-sheets: .venv/dev.done ## how long a list of 100,000 people takes to be imported, and in which memory
	$(PY) -m bench.sheets $(ARGS)

bench-behind: .venv/dev.done ## how fast those who are behind are found among a million subscriptions
	$(PY) -m bench.behind $(ARGS)

load: .venv/dev.done ## a real day's mixed traffic tenfold, while 100,000 sends are due
	$(PY) -m bench.load $(ARGS)

clean: ## remove the environment and everything under var/
	rm -rf .venv var

# Stamps: each is older than its lock only when the lock has changed.
.venv/made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed"; exit 1; }
	@echo "Making the environment in .venv (once) …"
	@$(PYTHON) -m venv .venv || $(PYTHON) -m venv --clear --without-pip .venv
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m pip --python $(PY) install --quiet pip
	@touch $@

.venv/base.done: requirements/base.txt | .venv/made
	@echo "Installing requirements/base.txt …"
	@$(INSTALL) -r requirements/base.txt
	@touch $@

.venv/dev.done: requirements/dev.txt requirements/base.txt | .venv/made
	@echo "Installing requirements/dev.txt …"
	@$(INSTALL) -r requirements/dev.txt
	@touch $@ .venv/base.done
