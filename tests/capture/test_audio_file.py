"""Files of all kinds as mono samples at 16 kHz."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import soundfile

from sayback.capture.audio_file import read_audio, read_part, read_recording, resampled, sound_of
from sayback.capture.recorder import Samples
from sayback.capture.wave_file import WaveFile, to_pcm16
from sayback.errors import CaptureError
from sayback.model import Ending, Interval


def tone(rate_hz: int, *, seconds: float = 2.5, channels: int = 1) -> Samples:
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    mono = 0.5 * np.sin(2 * np.pi * 440 * times_s)
    return np.repeat(mono[:, np.newaxis], channels, axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "rate_hz", "channels", "tolerance"),
    [
        (".wav", 16_000, 1, 1e-4),
        (".wav", 44_100, 2, 1e-2),
        (".wav", 8_000, 1, 1e-2),
        (".flac", 48_000, 6, 1e-2),
        (".ogg", 44_100, 1, 5e-2),
        (".mp3", 44_100, 2, 5e-2),
    ],
)
def test_reads(tmp_path: Path, suffix: str, rate_hz: int, channels: int, tolerance: float) -> None:
    path = tmp_path / f"tone{suffix}"
    soundfile.write(path, tone(rate_hz, channels=channels), rate_hz)
    samples = read_audio(path)
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(40_000, abs=1500 if suffix == ".mp3" else 2)
    # Edges aside: a resampler rings there and an MP3 has a lead-in.
    middle = samples[8_000:24_000]
    spectrum = np.abs(np.fft.rfft(middle)) / len(middle) * 2
    assert np.argmax(spectrum) == 440
    assert spectrum[440] == pytest.approx(0.5, abs=tolerance)


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.tile([[0.5, -0.25]], (1600, 1)), 16_000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(path), 0.125)


def test_louder_than_full_scale_is_clipped(tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    soundfile.write(path, np.array([2.0, -3.0, 0.5]), 16_000, subtype="FLOAT")
    assert read_audio(path).tolist() == [1.0, -1.0, 0.5]


def test_blocks_resample_like_the_whole() -> None:
    sound = tone(44_100)[:, 0]
    whole = np.concatenate(list(resampled([sound], rate_hz=44_100)))
    pieces = np.array_split(sound, 97)
    np.testing.assert_array_equal(np.concatenate(list(resampled(pieces, rate_hz=44_100))), whole)


def test_exact_zeros_stay_exact() -> None:
    sound = np.concatenate([tone(44_100)[:, 0], np.zeros(44_100, np.float32)])
    blocks = np.array_split(sound, 400)
    heard = np.concatenate(list(resampled(blocks, rate_hz=44_100)))
    assert not heard[-14_000:].any()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "no such audio file"),
        (b"", "not audio"),
        (b"My answer, as text.", "not audio"),
        (b"RIFF\x00\x00\x00\x00WAVE", "not audio"),
    ],
)
@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".raw", ".m4a"])
def test_says_what_is_wrong_with_a_file(
    tmp_path: Path, content: bytes | None, complaint: str, suffix: str
) -> None:
    path = tmp_path / f"answer{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaptureError, match=complaint) as raised:
        read_audio(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_says_that_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=": a folder; name an audio file"):
        read_audio(tmp_path)


def test_says_that_a_file_is_empty(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    with pytest.raises(CaptureError, match=r"empty\.wav: holds no sound"):
        read_audio(tmp_path / "empty.wav")


@pytest.mark.parametrize("sample", [np.nan, np.inf])
def test_refuses_samples_that_are_no_numbers(tmp_path: Path, sample: float) -> None:
    soundfile.write(tmp_path / "odd.wav", np.array([0.1, sample]), 16_000, subtype="FLOAT")
    with pytest.raises(CaptureError, match="no numbers"):
        read_audio(tmp_path / "odd.wav")


def test_says_where_a_file_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "answer.flac"
    noise = np.random.default_rng(0).standard_normal(160_000) * 0.1
    soundfile.write(path, noise, 16_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CaptureError, match=r"answer\.flac: damaged after \d"):
        read_audio(path)


def test_a_file_becomes_a_recording(spoken_file: Path) -> None:
    recording = read_recording(spoken_file)
    assert recording.path == spoken_file
    assert recording.ending is Ending.END_OF_FILE
    assert recording.duration_s == pytest.approx(len(read_audio(spoken_file)) / 16_000)
    assert recording.started_at.tzinfo is not None
    assert sum(interval.duration_s for interval in recording.speech) > 3


@pytest.mark.parametrize(
    ("start_s", "end_s"),
    [(0, 1.5), (0.1, 0.3), (0.30003, 0.70001), (1.2, 9), (-1, 0.2), (1.5, 2), (3, 4), (0.5, 0.5)],
)
def test_a_part_is_that_of_the_whole(tmp_path: Path, start_s: float, end_s: float) -> None:
    path = tmp_path / "answer.wav"
    noise = np.random.default_rng(0).uniform(-1.1, 1.1, 24_000).astype(np.float32)
    soundfile.write(path, noise, 16_000, subtype="PCM_16")
    first, end = (max(0, round(at_s * 16_000)) for at_s in (start_s, end_s))
    part = read_part(path, Interval(start_s, end_s))
    assert part.dtype == np.float32
    np.testing.assert_array_equal(part, read_audio(path)[first:end])


def test_reads_parts_of_a_file_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "answer.wav"
    sound = np.random.default_rng(0).uniform(-1, 1, 32_000).astype(np.float32)
    with WaveFile(path) as file:
        assert len(read_part(path, Interval(0, 1))) == 0
        for end in range(320, 32_001, 320):
            file.append(to_pcm16(sound[end - 320 : end]))
            part = read_part(path, Interval(0, 60))
            assert len(part) == end
        np.testing.assert_array_equal(read_part(path, Interval(1.0, 1.5)), part[16_000:24_000])


def test_reads_what_the_header_names_of_a_block_being_written(tmp_path: Path) -> None:
    path = tmp_path / "answer.wav"
    with WaveFile(path) as file:
        file.append(np.arange(1, 321, dtype=np.int16))
        with path.open("ab") as growing:
            growing.write(b"fmt data" * 80)
        part = read_part(path, Interval(0, 60))
    assert (part * 32_768).tolist() == list(range(1, 321))


@pytest.mark.parametrize(
    ("rate_hz", "channels", "subtype"),
    [(44_100, 1, "PCM_16"), (16_000, 2, "PCM_16"), (16_000, 1, "PCM_24"), (16_000, 1, "FLOAT")],
)
def test_reads_no_parts_of_other_kinds_of_files(
    tmp_path: Path, rate_hz: int, channels: int, subtype: str
) -> None:
    path = tmp_path / "answer.wav"
    soundfile.write(path, tone(rate_hz, channels=channels), rate_hz, subtype=subtype)
    with pytest.raises(CaptureError, match=r"answer\.wav: the recording cannot be read"):
        read_part(path, Interval(0, 1))


@pytest.mark.parametrize("content", [None, b"", b"RIFF", b"My answer, as text."])
def test_says_that_there_is_no_part_to_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "answer.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaptureError, match=r"answer\.wav: the recording cannot be read") as raised:
        read_part(path, Interval(0, 1))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "rate_hz", "channels"),
    [("a.wav", 16_000, 1), ("a.wav", 16_000, 2), ("a.flac", 16_000, 1), ("a.ogg", 44_100, 2)],
)
def test_parts_of_a_file_are_those_of_the_whole(
    tmp_path: Path, name: str, rate_hz: int, channels: int
) -> None:
    soundfile.write(tmp_path / name, 3 * tone(rate_hz, channels=channels), rate_hz)
    whole = read_audio(tmp_path / name)
    sound = sound_of(tmp_path / name)
    assert sound.duration_s == len(whole) / 16_000
    np.testing.assert_array_equal(sound.part(Interval(0.5, 1.25)), whole[8_000:20_000])
    np.testing.assert_array_equal(sound.part(Interval(2.0, 99.0)), whole[32_000:])
    assert not len(sound.part(Interval(50.0, 99.0)))


MEMORY = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from sayback.capture.audio_file import read_recording, sound_of
from sayback.model import Interval

def peak():
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))

read_recording(Path(sys.argv[1]))
before = peak()
recording = read_recording(Path(sys.argv[2]))
sound_of(recording.path).part(Interval(recording.duration_s - 28, recording.duration_s))
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no peak of memory is told")
def test_memory_does_not_grow_with_a_file(tmp_path: Path) -> None:
    for name, seconds in (("short", 30), ("long", 600)):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(seconds * 16_000, np.int16), 16_000)
    files = [tmp_path / "short.wav", tmp_path / "long.wav"]
    finished = subprocess.run(
        [sys.executable, "-c", MEMORY, *files], capture_output=True, text=True, check=True
    )
    assert int(finished.stdout) < 8_000  # kB; the samples of the long one take 38,400


def test_refuses_what_would_last_for_days(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(1), 16_000)
    with path.open("r+b") as file:  # a hole: it takes no room on the disk
        file.write(b"RIFF\xff\xff\xff\xffWAVE")
        file.seek(40)
        file.write(b"\xd0\xff\xff\xff")
        file.truncate(4_000_000_000)
    with pytest.raises(CaptureError, match=r"long\.wav: longer than 8 hours"):
        read_audio(path)


def test_refuses_a_rate_without_speech(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "slow.wav", np.zeros(1_000), 1)
    with pytest.raises(CaptureError, match=r"slow\.wav: 1 samples a second are too few"):
        read_audio(tmp_path / "slow.wav")


def test_the_library_says_nothing_of_a_damaged_mp3(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "answer.mp3"
    soundfile.write(path, tone(16_000)[:, 0], 16_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert len(read_audio(path))
    print("a word of ours", file=sys.stderr)
    assert capfd.readouterr().err == "a word of ours\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_file_that_may_not_be_read_is_not_called_another_kind() -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "answer.wav"
        soundfile.write(path, np.zeros(16_000), 16_000)
        path.chmod(0o600)
        os.seteuid(65534)
        try:
            with pytest.raises(CaptureError, match=r"answer\.wav: Permission denied; make it re"):
                read_audio(path)
        finally:
            os.seteuid(0)
