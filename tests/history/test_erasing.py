from __future__ import annotations

from pathlib import Path

from sayback.history.erasing import unfinished
from sayback.history.store import Store


def test_what_is_noted_is_still_to_be_erased(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert unfinished(store) == ()
        with store.transaction() as database:
            database.execute("INSERT INTO erasing VALUES (2, 'b.wav', x''), (1, 'a.wav', x'')")
        assert unfinished(store) == (1, 2)
