"""Names of pages: flat, relative, and safe to write into a link."""

from __future__ import annotations

from pathlib import Path

from sayback.views.web.links import attempt_page, audio_name, moment_of, question_page


def test_pages_have_flat_names() -> None:
    assert question_page("what-is-u-net") == "question-what-is-u-net.html"
    assert attempt_page(12) == "attempt-12.html"


def test_an_id_cannot_lead_elsewhere() -> None:
    assert question_page('../"x') == "question-.._2F_22x.html"


def test_a_recording_is_named_by_its_number() -> None:
    assert audio_name(3, Path("2026-01-01_secret.FLAC")) == "audio-3.flac"


def test_a_moment_is_a_media_fragment() -> None:
    assert moment_of("audio-3.wav", 1.5, 2.25) == "audio-3.wav#t=1.50,2.25"
    assert moment_of("audio-3.wav", 1.5) == "audio-3.wav#t=1.50"
