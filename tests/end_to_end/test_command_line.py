"""The commands as a user runs them, on real audio and real weights."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]

TINY = ("--model", "tiny.en")
U_NET = ("--question", "What is U-Net")


def scorecard(finished: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert finished.returncode == 0, finished.stderr
    card: dict[str, Any] = json.loads(finished.stdout)
    assert card["schema"] == "sayback.scorecard/1"
    return card


def statuses(card: dict[str, Any]) -> list[str]:
    return [point["status"] for point in card["coverage"]["points"]]


def test_a_rehearsal_with_a_recorded_answer_from_question_to_history(
    run: Run, sample_answer: Path, workspace: Path
) -> None:
    finished = run("practice", "--plain", *U_NET, "--answer", sample_answer, *TINY)
    assert finished.returncode == 0, finished.stderr
    assert "What is U-Net" in finished.stdout
    assert "Listening" in finished.stdout.split()
    assert "covered" in finished.stdout
    assert "\x1b" not in finished.stdout

    (line,) = json.loads(run("history", "--json").stdout)
    assert line["scored"]
    assert 0 < line["coverage"] < 1
    shown = scorecard(run("show", line["id"], "--json"))
    assert shown["coverage"]["score"] == pytest.approx(line["coverage"], abs=1e-3)
    (recording,) = (workspace / "recordings").glob("*.wav")
    with wave.open(str(recording)) as file:
        kept_s = file.getnframes() / file.getframerate()
    assert kept_s == pytest.approx(soundfile.info(sample_answer).duration, abs=0.2)


def test_the_sample_answer_is_scored_as_it_was_written(run: Run, sample_answer: Path) -> None:
    card = scorecard(run("score", sample_answer, *U_NET, "--json"))
    assert statuses(card).count("covered") >= 3
    assert statuses(card)[-1] == "missed"  # the few training images are never mentioned
    words = card["transcript"]["words"]
    for point in card["coverage"]["points"]:
        if point["status"] == "covered":
            said = point["evidence"]
            assert said["text"] in card["transcript"]["text"]
            assert words[0]["start_s"] <= said["start_s"] < said["end_s"] <= words[-1]["end_s"]
    assert 100 < card["pace"]["speech_rate_wpm"] < 220
    assert card["pace"]["speaking_s"] < card["pace"]["total_s"]


@pytest.mark.parametrize("engine", ["openai-whisper", "faster-whisper"])
def test_both_engines_score_and_save(
    run: Run, engine: str, sample_answer: Path, workspace: Path
) -> None:
    finished = run("score", sample_answer, *U_NET, "--engine", engine, *TINY, "--save", "--json")
    card = scorecard(finished)
    assert (card["transcript"]["engine"], card["transcript"]["model"]) == (engine, "tiny.en")
    assert json.loads(run("history", "--json").stdout)[0]["scored"]
    (copy,) = (workspace / "recordings").glob("*.flac")
    assert copy.read_bytes() == sample_answer.read_bytes()


def test_several_files_make_one_line_of_json_each(run: Run, sample_answer: Path) -> None:
    finished = run("score", sample_answer, sample_answer, *U_NET, *TINY, "--json")
    assert finished.returncode == 0
    first, second = map(json.loads, finished.stdout.splitlines())
    assert first == second


def test_silence_is_never_scored_zero(run: Run, tmp_path: Path, workspace: Path) -> None:
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(bytes(2 * 44_100 * 5))
    finished = run("score", path, *U_NET, *TINY, "--json", "--save")
    assert finished.returncode == 1
    assert f"sayback: {path}: no speech was heard; " in finished.stderr
    assert len(list(workspace.glob("recordings/*.wav"))) == 1  # and yet nothing is lost
    card = json.loads(finished.stdout)
    assert card["coverage"] is None
    assert card["warnings"]
    assert card["transcript"]["text"] == ""


@pytest.mark.parametrize("wrong", [("--model", "/no/such"), ("--compute", "cuda")])
def test_an_engine_that_cannot_be_is_told_before_anything_is_asked(
    run: Run, sample_answer: Path, workspace: Path, wrong: tuple[str, str]
) -> None:
    finished = run("practice", *U_NET, "--plain", "--answer", sample_answer, *TINY, *wrong)
    assert finished.returncode == 1
    assert finished.stderr.startswith(f"sayback: {wrong[1]}: no ")
    assert "Listening" not in finished.stdout
    assert not list(workspace.glob("recordings/*.wav"))


def test_a_text_is_matched_from_a_file_and_from_standard_input(run: Run, tmp_path: Path) -> None:
    text = "An encoder shrinks the image and extracts features. Skip connections carry fine detail."
    (tmp_path / "said.txt").write_text(text)
    from_file = scorecard(run("match", *U_NET, "--transcript", tmp_path / "said.txt", "--json"))
    from_input = scorecard(run("match", *U_NET, "--transcript", "-", "--json", stdin=text))
    assert from_file == from_input
    assert statuses(from_file)[1] == "covered"
    assert from_file["pace"] is None
    assert from_file["transcript"]["words"] is None


def test_one_scorecard_a_line_and_a_bad_line_does_not_stop_the_rest(run: Run) -> None:
    request = {
        "question": "What is dropout?",
        "key_points": ["Units are switched off at **random**"],
        "transcript": "During training units are switched off at random.",
    }
    lines = [json.dumps(request), "{broken", '{"question": "no more"}', json.dumps(request)]
    finished = run("match", "--jsonl", stdin="\n".join(lines))
    assert finished.returncode == 1
    assert len(finished.stderr.strip().splitlines()) == 1
    first, second, third, fourth = map(json.loads, finished.stdout.splitlines())
    assert statuses(first) == statuses(fourth) == ["covered"]
    assert "line 2" in second["error"]
    assert "line 3" in third["error"]


def test_a_bank_is_counted_and_listed(run: Run, workspace: Path) -> None:
    report = json.loads(run("bank", "check", workspace / "questions", "--json").stdout)
    listed = json.loads(run("bank", "list", "--json").stdout)
    assert report["questions"] == len(listed) > 35
    assert report["problems"] == []
    assert len({question["id"] for question in listed}) == len(listed)


def test_json_on_standard_output_and_nothing_else(run: Run, sample_answer: Path) -> None:
    finished = run(*U_NET, "--answer", sample_answer, *TINY, "--json")
    assert scorecard(finished)["coverage"]["points"]
    assert "Listening" in finished.stderr


def test_doctor_names_every_check_and_how_to_mend(run: Run) -> None:
    finished = run("doctor", *TINY, "--json", env={"PULSE_SERVER": "unix:/nowhere"})
    report = json.loads(finished.stdout)
    checks = {check["name"]: check for check in report["checks"]}
    assert set(checks) >= {"microphone", "loudspeaker", "voice", "model", "disk"}
    assert checks["model"]["ok"]
    assert checks["voice"]["ok"]
    assert all(check["ok"] or check["fix"] for check in checks.values())
    assert finished.returncode == (0 if report["ok"] else 1)


def wait_for_listening(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Listening"):
            return
    raise AssertionError(process.stderr.read() if process.stderr else "ended")


def heard_s(recordings: Path) -> float:
    (recording,) = recordings.glob("*.wav")
    with wave.open(str(recording)) as file:
        return float(file.getnframes() / file.getframerate())


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 130),
        (signal.SIGHUP, 130),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
    ids=str,
)
def test_what_was_recorded_survives(
    start: Start, run: Run, sample_answer: Path, workspace: Path, how: signal.Signals, code: int
) -> None:
    process = start("practice", "--plain", *U_NET, "--answer", sample_answer, *TINY)
    wait_for_listening(process)
    began = time.monotonic()
    time.sleep(3)
    process.send_signal(how)
    lasted_s = time.monotonic() - began
    assert process.wait(timeout=30) == code
    assert heard_s(workspace / "recordings") > lasted_s - 1
    (line,) = json.loads(run("history", "--json").stdout)
    assert not line["scored"]
    if code == 130:
        assert process.stderr is not None
        assert "kept" in process.stderr.read()


def test_who_is_impatient_while_it_ends_has_been_heard(start: Start, sample_answer: Path) -> None:
    process = start("practice", "--plain", *U_NET, "--answer", sample_answer, *TINY)
    wait_for_listening(process)
    time.sleep(5)  # into a transcription, which cannot be interrupted
    for _ in range(4):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    assert process.stderr is not None
    assert process.wait(timeout=30) == 130
    assert "Traceback" not in process.stderr.read()


def test_enter_ends_the_answer(start: Start, sample_answer: Path, workspace: Path) -> None:
    process = start("practice", "--plain", *U_NET, "--answer", sample_answer, *TINY)
    wait_for_listening(process)
    time.sleep(4)
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.wait(timeout=60) == 0
    assert 3.5 < heard_s(workspace / "recordings") < 6


def test_help_does_not_load_the_heavy_parts() -> None:
    code = (
        "import sys; from sayback.views import cli; "
        "print([m for m in ('torch', 'numpy', 'rich', 'sounddevice') if m in sys.modules])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "[]"


def test_no_torch_is_loaded_for_faster_whisper(
    sample_answer: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    samples, rate_hz = soundfile.read(sample_answer, frames=16_000 * 4)
    soundfile.write(tmp_path / "answer.wav", samples, rate_hz)
    code = """
import atexit
import sys
from sayback.views.cli import main
names = ("faster_whisper", "torch")
atexit.register(lambda: print([name for name in names if name in sys.modules], file=sys.stderr))
main()
"""
    finished = subprocess.run(
        [sys.executable, "-c", code, "practice", "--plain", *U_NET, *TINY,
         "--answer", str(tmp_path / "answer.wav"), "--engine", "faster-whisper"],
        capture_output=True, text=True, check=True, timeout=120, env=environment,
    )  # fmt: skip
    assert "covered" in finished.stdout
    assert finished.stderr.splitlines()[-1] == "['faster_whisper']"


def test_no_network_is_used(run: Run, sample_answer: Path) -> None:
    """The whole of it with networking cut off: nothing leaves the machine."""
    probe = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("unshare: cutting off the network is not allowed here")
    finished = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "sayback", "score", str(sample_answer),
         *U_NET, "--bank", "questions", *TINY, "--json"],
        capture_output=True, text=True, check=False, timeout=120,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert scorecard(finished)["coverage"]["points"]


def test_a_full_disk_keeps_what_was_recorded(
    run: Run, small_disk: Callable[..., Path], sample_answer: Path, workspace: Path
) -> None:
    folder = small_disk(size_mb=0.75)
    finished = run(
        "practice", "--plain", *U_NET, "--answer", sample_answer, *TINY,
        "--workspace", folder, "--bank", workspace / "questions",
    )  # fmt: skip
    assert "Traceback" not in finished.stderr
    assert "space" in finished.stderr + finished.stdout
    assert heard_s(folder / "recordings") > 5
