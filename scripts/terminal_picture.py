#!/usr/bin/env python3
"""Run a command in a real terminal and draw a screen of it as an SVG picture.

usage: scripts/terminal_picture.py OUT.svg COLUMNS ROWS [--when WORDS] COMMAND...   (needs tmux)

Draws the last screen, or with --when the first one that shows these words; the command then has
a keyboard, which makes `sayback` use the full screen. docs/screen-*.svg were made with
    scripts/terminal_picture.py docs/screen-listening.svg 80 24 --when '✓ decoder' sayback demo
    scripts/terminal_picture.py docs/screen-scorecard.svg 90 27 --when 'kept as' sayback demo
"""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

TIME_LIMIT_S = 60.0
THEME = TerminalTheme(
    (22, 24, 29), (222, 225, 230),
    [(22, 24, 29), (224, 108, 117), (130, 180, 120), (229, 192, 123),
     (97, 175, 239), (198, 120, 221), (86, 194, 205), (222, 225, 230)],
)  # fmt: skip
# Rich's own template names a font on the web; this one asks for nothing from outside.
TEMPLATE = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" \
xmlns="http://www.w3.org/2000/svg"><style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}</style><defs><clipPath id="{unique_id}-clip-terminal">\
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
<rect fill="#16181d" x="1" y="1" width="{width}" height="{height}" rx="10"/>
<g transform="translate({terminal_x}, {terminal_y})" \
clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def tmux(*arguments: str) -> str:
    done = subprocess.run(
        ["tmux", "-L", "picture", *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def last_screen(columns: str, rows: str, command: list[str]) -> str:
    """What the terminal shows, colours included, when the command has ended."""
    shell = f"{subprocess.list2cmdline(command)} < /dev/null; tmux -L picture wait-for -S ended"
    tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, f"{shell}; sleep 60")
    tmux("wait-for", "ended")
    screen = tmux("capture-pane", "-e", "-p")
    tmux("kill-server")
    return screen


def screen_with(words: str, columns: str, rows: str, command: list[str]) -> str:
    """What the terminal shows, colours included, as soon as these words are on it."""
    shell = f"{subprocess.list2cmdline(command)}; sleep 60"
    tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, shell)
    end_s = time.monotonic() + TIME_LIMIT_S
    try:
        while words not in tmux("capture-pane", "-p"):
            if time.monotonic() > end_s:
                sys.exit(f"no screen with '{words}' in {TIME_LIMIT_S:.0f} s")
            time.sleep(0.05)
        return tmux("capture-pane", "-e", "-p")
    finally:
        tmux("kill-server")


def main() -> None:
    out, columns, rows, *command = sys.argv[1:]
    if command[0] == "--when":
        screen = screen_with(command[1], columns, rows, command[2:]).rstrip("\n")
    else:
        screen = last_screen(columns, rows, command).rstrip("\n")
    console = Console(
        record=True, width=int(columns), file=io.StringIO(), force_terminal=True,
        color_system="truecolor", legacy_windows=False,
    )  # fmt: skip
    console.print(Text.from_ansi(screen))
    Path(out).write_text(console.export_svg(theme=THEME, code_format=TEMPLATE, title=""))


if __name__ == "__main__":
    main()
