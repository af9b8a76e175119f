"""The command line. Each command imports what it needs when it runs: `--help` stays quick."""

from __future__ import annotations

import io
import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

import sayback
from sayback.errors import Interrupted, SaybackError, reason
from sayback.transcript.lanes import leave
from sayback.views import options
from sayback.views.cli_history import COMMANDS
from sayback.views.output import (
    find_question,
    finish_deletion,
    print_check,
    print_json,
    print_rich,
    print_scorecard,
    say,
)

LARGEST_TEXT = 4_000_000
"""Bytes of an answer as text: 20 hours of speech in any alphabet."""


class Commands(click.Group):
    """`sayback` alone is `sayback practice`, options included."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        own = {"--help", "--version"}
        if not arguments or (arguments[0].startswith("-") and arguments[0] not in own):
            arguments = ["practice", *arguments]
        return super().parse_args(context, arguments)

    def list_commands(self, context: click.Context) -> list[str]:
        """In the order in which a newcomer meets them, not by the alphabet."""
        return list(self.commands)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(sayback.__version__, prog_name="sayback")
def commands() -> None:
    """Rehearse your answers out loud.

    Reads a question aloud, records your answer, writes it down on this machine and shows
    which key points you said. `sayback` alone starts to practise; `sayback practice --help` has
    its options.
    """


def main() -> None:
    """Run the command line; every error is one line and an exit code."""
    os.umask(0o077)  # whatever a command or a library makes is for its user alone
    _fill_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for name in ("SIGTERM", "SIGHUP"):
        ending = getattr(signal, name, None)
        if ending is not None and signal.getsignal(ending) == signal.SIG_DFL:  # no `nohup`
            signal.signal(ending, _interrupt)
    code = _run()
    # What is at work in other threads may take seconds to end: who gets impatient has been heard.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leave(code)


def _fill_closed_streams() -> None:
    """Else the next file that is opened, such as the history, is taken for standard error."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number


def _in_our_words(error: click.ClickException) -> str:
    """One line like that of every other error, with the help to look at."""
    text = " ".join(error.format_message().split()).rstrip(".").replace(". Did", ": did")
    context = error.ctx if isinstance(error, click.UsageError) else None
    between = "" if text.endswith("?") else ";"
    remedy = f"{between} see `{context.command_path} --help`" if context else ""
    return text[:1].lower() + text[1:] + remedy


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _run() -> int:
    """The command that was asked for, and its exit code."""
    try:
        result = commands.main(prog_name="sayback", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        say(f"sayback: {_in_our_words(error)}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("sayback: interrupted", err=True)
        return 130
    except SaybackError as error:
        say(f"sayback: {error}", err=True)
        return 130 if isinstance(error, Interrupted) else 1
    except BrokenPipeError:  # the reader of our output has left
        sys.stderr.close()
        return 1
    except OSError as error:  # one that no station expected; it is about a file of the user's
        about = f"{error.filename}: " if error.filename else ""
        say(f"sayback: {about}{reason(error)}; check it with `sayback doctor`", err=True)
        return 1
    except MemoryError:
        say("sayback: the memory of this machine is full; close other programs", err=True)
        return 1
    return result if isinstance(result, int) else 0


@commands.command()
@options.question
@options.option("--topic", metavar="TOPIC", help="Only questions under a heading with this in it.")
@options.option("--count", type=click.IntRange(1, 1000), metavar="N", help="How many questions.")
@options.option("--due", is_flag=True, help="Only what is due for repetition, and new questions.")
@options.option("--plain", is_flag=True, help="Lines instead of a full screen.")
@options.option("--exam", is_flag=True, help="No key points until the answer is over.")
@options.option("--speak-result", is_flag=True, help="Read the result aloud, too.")
@options.option(
    "--answer",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Hear this audio file, in real time, instead of the microphone.",
)
@options.as_json
@options.bank
@options.sound
@options.engine
@options.workspace
def practice(
    question: str | None,
    topic: str | None,
    count: int | None,
    due: bool,
    plain: bool,
    exam: bool,
    speak_result: bool,
    bank: Path | None,
    as_json: bool,
    **equipment: Any,
) -> None:
    """Answer questions aloud and see what you said."""
    if question and due:
        raise click.UsageError("--due chooses the questions: leave out --question")
    from sayback.views.rehearsal import Equipment, Show, practise
    from sayback.workspace import find_workspace

    finish_deletion(find_workspace(equipment["workspace"]).recordings)
    practise(
        Equipment(**equipment),
        question=question,
        topic=topic,
        count=count,
        only_due=due,
        bank=bank,
        show=Show(plain=plain, as_json=as_json, exam=exam, speak_result=speak_result),
    )


@commands.command()
@options.sound
@options.engine
@options.workspace
def demo(**equipment: Any) -> None:
    """Rehearse one question: live, or with a recorded answer where there is no microphone."""
    from sayback.views.rehearsal import Equipment, demonstrate

    demonstrate(Equipment(**equipment))


@commands.command()
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.question
@options.bank
@options.option("--save", is_flag=True, help="Add the answer to your history.")
@options.as_json
@options.engine
@options.workspace
def score(
    audio: tuple[Path, ...],
    question: str | None,
    bank: Path | None,
    save: bool,
    as_json: bool,
    engine: str,
    model: str,
    compute: str,
    workspace: Path | None,
) -> None:
    """Score recorded answers."""
    from sayback.capture.audio_file import read_recording
    from sayback.errors import CaptureError
    from sayback.history.store import Store
    from sayback.revision import assess, keep
    from sayback.transcript.engines import load
    from sayback.workspace import find_workspace

    space = find_workspace(workspace)
    asked = find_question(question, bank or space.questions)
    recordings = [read_recording(path) for path in audio]
    transcriber = load(engine, model, compute)
    silent: list[str] = []
    for recording in recordings:
        scorecard = assess(asked, recording, transcriber)
        print_scorecard(scorecard, as_json=as_json)
        if save:
            with Store(space.recordings) as store:
                attempt = keep(scorecard, recording, space, store)
            click.echo(f"saved as attempt {attempt.id}", err=True)
        if not scorecard.transcript.text:
            silent.append(str(recording.path))
    if silent:
        raise CaptureError(
            f"{', '.join(silent)}: no speech was heard",
            "listen to it, and check the microphone with `sayback doctor`",
        )


@commands.command()
@options.question
@options.bank
@options.option("--transcript", metavar="FILE", help="A text file; - is standard input.")
@options.option("--jsonl", is_flag=True, help="One request a line in, one scorecard a line out.")
@options.as_json
@options.workspace
def match(
    question: str | None,
    bank: Path | None,
    transcript: str | None,
    jsonl: bool,
    as_json: bool,
    workspace: Path | None,
) -> None:
    """Score a text as if it had been said."""
    from sayback.model import Transcript
    from sayback.scoring.scorecard import score as judge
    from sayback.views.jsonl import lines_of, match_lines
    from sayback.workspace import find_workspace

    if jsonl:
        match_lines(lines_of(sys.stdin.buffer) if sys.stdin else (), sys.stdout)
        return
    if transcript is None:
        raise click.UsageError("give --transcript FILE (or - for standard input), or --jsonl")
    asked = find_question(question, bank or find_workspace(workspace).questions)
    print_scorecard(judge(asked, Transcript(_text(transcript)), None), as_json=as_json)


@commands.group("bank")
def bank_commands() -> None:
    """Look at question banks."""


@bank_commands.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@options.as_json
def bank_check(path: Path, as_json: bool) -> None:
    """Count the questions and key points of a bank and name its problems."""
    from sayback.bank.parse import read

    bank = read(path)
    report = {
        "questions": len(bank.questions),
        "with_key_points": sum(bool(question.key_points) for question in bank.questions),
        "key_points": sum(len(question.key_points) for question in bank.questions),
        "problems": list(bank.problems),
    }
    if as_json:
        print_json(report)
        return
    click.echo(
        f"questions: {report['questions']}   with key points: {report['with_key_points']}   "
        f"key points: {report['key_points']}   problems: {len(bank.problems)}"
    )
    for problem in bank.problems:
        say(problem)


@bank_commands.command("list")
@options.bank
@options.as_json
@options.workspace
def bank_list(bank: Path | None, as_json: bool, workspace: Path | None) -> None:
    """The questions of a bank with their ids."""
    from sayback.bank.parse import read
    from sayback.views.listings import questions
    from sayback.workspace import find_workspace

    found = read(bank or find_workspace(workspace).questions).questions
    if as_json:
        print_json([
            {"id": q.id, "text": q.text, "topic": q.topic, "key_points": len(q.key_points)}
            for q in found
        ])  # fmt: skip
    else:
        print_rich(questions(found))


for command in COMMANDS:
    commands.add_command(command)


@commands.command()
@click.option("--mend", is_flag=True, help="Mend what can be mended; nothing is deleted.")
@options.as_json
@options.devices
@options.engine
@options.workspace
def doctor(
    mend: bool,
    as_json: bool,
    microphone: str | None,
    speaker: str | None,
    engine: str,
    model: str,
    compute: str,
    workspace: Path | None,
) -> int:
    """Check microphone, voice, model, disk, history and recordings; say how to mend each."""
    from functools import partial

    from sayback.transcript.engines import load
    from sayback.views.doctor import checks, mended
    from sayback.workspace import find_workspace

    found = []
    for check in checks(
        find_workspace(workspace),
        microphone=microphone,
        speaker=speaker,
        load=partial(load, engine, model, compute),
    ):
        found.append(mended(check) if mend else check)
        if not as_json:
            print_check(found[-1])
    ok = all(check.ok for check in found)
    if as_json:
        print_json({
            "ok": ok,
            "checks": [
                {"name": c.name, "ok": c.ok, "detail": c.detail, "fix": c.fix} for c in found
            ],
        })  # fmt: skip
    return 0 if ok else 1


def _text(name: str) -> str:
    from sayback.errors import WorkspaceError, reason

    try:
        if name == "-" and sys.stdin is None:
            raise WorkspaceError("standard input is closed", "give --transcript FILE")
        if name != "-" and Path(name).exists() and not Path(name).is_file():
            # A pipe, a device or a folder: some would be read without end.
            raise WorkspaceError(f"{name}: not a file", "give a text file, or - for standard input")
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
            raw = file.read(LARGEST_TEXT + 1)
        if len(raw) > LARGEST_TEXT:
            most = f"more than {LARGEST_TEXT // 1_000_000} MB"
            raise WorkspaceError(f"{name}: {most}", "give the words of one answer")
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise WorkspaceError(f"{name}: {reason(error)}", "give a text file") from error
    except UnicodeDecodeError as error:
        raise WorkspaceError(f"{name}: not text in UTF-8", "save it as UTF-8") from error
