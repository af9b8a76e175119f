"""Question and transcript to scorecard: coverage and pace. Pure: no files, clock or network."""
