.DEFAULT_GOAL := demo
.PHONY: demo test torture check audit clean

demo:  ## rehearse one question; sets up everything first
	@scripts/setup fast
	@.venv/bin/sayback demo

test:  ## run every test; sets up everything first
	@scripts/setup fast,test
	@scripts/setup-browser
	@scripts/setup-sound
	@.venv/bin/pytest -m "not sound_card" --numprocesses 3 --dist worksteal
	@.venv/bin/pytest -m sound_card

torture:  ## the long campaigns of faults, under half an hour
	@scripts/setup fast,test
	@scripts/setup-sound
	@.venv/bin/pytest --torture tests/torture/test_web_*.py
	@.venv/bin/pytest --torture tests/torture --ignore-glob '*/test_web_*.py' --numprocesses 3

check:  ## style and types
	@scripts/setup fast,test
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy

audit:  ## licences and known vulnerabilities of what is installed; asks osv.dev
	@scripts/setup fast,test
	@scripts/setup-browser
	@.venv/bin/python scripts/audit.py

clean:  ## remove what the other commands made; your questions and recordings stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
