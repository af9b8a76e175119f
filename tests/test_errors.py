"""Every error names what was wrong and what to do next, in the same form everywhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import sayback
from sayback import errors
from sayback.errors import SaybackError, reason

PACKAGE = Path(sayback.__file__).parent
KINDS = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, SaybackError)
}


def constructions(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls that make one of our errors, raised at once or not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            made = node.func
            name = made.attr if isinstance(made, ast.Attribute) else getattr(made, "id", None)
            if name in KINDS:
                yield node


def written(argument: ast.expr) -> str | None:
    """The text of a literal, with "{}" for each placeholder; None where it is made elsewhere."""
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    if isinstance(argument, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in argument.values)
        return "".join(map(str, parts))
    return None


def faults(call: ast.Call) -> Iterator[str]:
    if call.keywords or len(call.args) != 2 or any(isinstance(a, ast.Starred) for a in call.args):
        yield "takes a problem and a remedy"
        return
    problem, remedy = map(written, call.args)
    for text in (problem, remedy):
        if text is not None and (not text.strip() or text.rstrip().endswith(".")):
            yield f"empty, or ends with a full stop: {text!r}"
        if text is not None and "\n" in text:
            yield f"more than one line: {text!r}"
    if remedy and not (remedy[0].islower() or remedy[0] in "`'\"{"):
        yield f"begins with a capital: {remedy!r}"


def test_every_error_has_a_problem_and_a_remedy_in_the_same_form() -> None:
    calls = [
        (path, call)
        for path in sorted(PACKAGE.rglob("*.py"))
        for call in constructions(ast.parse(path.read_text()))
    ]
    assert len(calls) > 40
    found = [
        f"{path.relative_to(PACKAGE)}:{call.lineno}: {fault}"
        for path, call in calls
        for fault in faults(call)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("BankError('a.md: empty')", "a problem and a remedy"),
        ("BankError(*pair)", "a problem and a remedy"),
        ("errors.BankError('a.md: empty', remedy='fill it')", "a problem and a remedy"),
        ("BankError('a.md: empty.', 'fill it')", "full stop"),
        ("BankError(f'{path}: empty', f'fill {path}.')", "full stop"),
        ("BankError('a.md: empty', '')", "empty"),
        ("BankError('a.md: empty', 'fill\\nit')", "more than one line"),
        ("BankError('a.md: empty', 'Fill it')", "capital"),
        ("BankError('a.md: empty', f'Fill {path}')", "capital"),
        ("BankError('a.md: empty', f'{choices} fit')", None),
        ("BankError('a.md: empty', '`rm a.md`')", None),
        ("BankError(problem, remedy)", None),
    ],
)
def test_a_fault_would_be_found(code: str, fault: str | None) -> None:
    (call,) = constructions(ast.parse(code))
    found = list(faults(call))
    assert len(found) == (fault is not None)
    assert fault is None or fault in found[0]


def test_an_error_is_one_line_of_two_halves() -> None:
    error = SaybackError("a\nb.md:  empty", "write a\tquestion")
    assert (error.problem, error.remedy) == ("a b.md: empty", "write a question")
    assert str(error) == "a b.md: empty; write a question"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no such thing"), "no such thing"),
        (ValueError(), "ValueError"),
        (ValueError(" \n "), "ValueError"),
        (ValueError("."), "ValueError"),
        (RuntimeError("\nCUDA failed.\nat kernel 3\n"), "CUDA failed"),
        (FileNotFoundError(2, "No such file or directory", "a.md"), "No such file or directory"),
        (OSError("PortAudio library not found"), "PortAudio library not found"),
        (OSError(), "OSError"),
    ],
)
def test_reason_is_the_first_line(error: Exception, text: str) -> None:
    assert reason(error) == text


def test_reason_does_not_repeat_the_path_that_libsndfile_names(tmp_path: Path) -> None:
    import soundfile

    with pytest.raises(soundfile.LibsndfileError) as raised:
        soundfile.SoundFile(tmp_path / "gone.wav")
    assert reason(raised.value) == "System error"
