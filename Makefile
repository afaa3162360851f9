# Every target is one line over a script: all of it also runs without make. Needs python3 (3.10+) only.
run = python3 scripts/with_venv.py

.DEFAULT_GOAL := help
.PHONY: help demo report pages test nightly lint format docs bench start stop clean

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## /\1 - /p' $(MAKEFILE_LIST)

demo: ## From CSV exports to the report; RAW_DATA=<folder> takes your own exports, SOURCE_TIMEZONE=<zone> and ENCODING=<name> say how to read them
	@RAW_DATA="$(RAW_DATA)" SOURCE_TIMEZONE="$(SOURCE_TIMEZONE)" ENCODING="$(ENCODING)" $(run) scripts/demo.py

report: ## One page to look at, target/report/index.html, from the marts as they are
	@$(run) scripts/report/write_report.py

pages: ## The pages of docs/ that are made from the project: erd.md, guards.md, names.md
	@$(run) scripts/checks/pages.py

test: ## Every test, on a scratch database
	@$(run) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

nightly: ## Every test, the slow ones and more random sequences included; docs/guards.md says what that is
	@SALES_FUNNEL_NIGHTLY=1 SALES_FUNNEL_PARITY_SEQUENCES=1500 $(run) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: ## Every static check
	@$(run) scripts/lint.py

format: ## Mend what ruff and sqlfluff can mend; FILES="a.sql b.sql" takes these SQL files alone
	@$(run) scripts/lint.py --fix $(FILES)

docs: ## dbt's documentation, target/static_index.html, and the lineage of columns, target/lineage/index.html
	@$(run) scripts/demo.py --docs-only

bench: ## Measure loads, builds and incremental runs up to 10 million changes; writes docs/benchmarks.md
	@$(run) scripts/bench/benchmark.py

start: ## Start PostgreSQL
	@$(run) scripts/server/postgres.py start

stop: ## Stop PostgreSQL; its data stays
	@$(run) scripts/server/postgres.py stop

clean: ## Delete what the project made: database, packages, artifacts, virtual environment
	@test ! -d .postgres || $(run) scripts/server/postgres.py remove
	@rm -rf .venv .venv-* .postgres .bench dbt_packages target logs .pytest_cache .ruff_cache .mypy_cache .hypothesis
