.DEFAULT_GOAL := demo
.PHONY: demo test check clean

demo:  ## rehearse one question; sets up everything first
	@scripts/setup fast
	@.venv/bin/sayback demo

test:  ## run every test; sets up everything first
	@scripts/setup fast,test
	@scripts/setup-browser
	@.venv/bin/pytest

check:  ## style and types
	@scripts/setup fast,test
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy

clean:  ## remove what the other commands made; your questions and recordings stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
