"""Models that an engine fetches itself: say within seconds when it cannot."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request

from sayback.errors import TranscriptionError, reason
from sayback.transcript.models import names_without_download

_PATIENCE_S = 5.0


def require_network(model: str, url: str) -> None:
    """Raise TranscriptionError unless the server at `url` answers within 5 s.

    The engines themselves wait for minutes where packets are dropped instead of refused.
    """
    answered = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(url, method="HEAD")
        try:
            urllib.request.urlopen(request, timeout=_PATIENCE_S).close()
        except urllib.error.HTTPError as error:  # a refusal is an answer
            error.close()
        except OSError:
            return
        answered.set()

    # A thread, because the look-up of the host's name heeds no time limit.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_PATIENCE_S)
    if not answered.is_set():
        names = " or ".join([*names_without_download(), "a path"])
        raise TranscriptionError(
            f"{model}: no such model on this machine and no network to fetch it",
            f"connect to the network, or give --model {names}",
        )


def unknown_model(model: str, names: list[str]) -> TranscriptionError:
    """The error for a name that an engine does not know."""
    return TranscriptionError(
        f"{model}: no such model", f"give --model a path or one of {', '.join(sorted(names))}"
    )


def could_not_fetch(model: str, error: Exception) -> TranscriptionError:
    """The error for a download that began and failed."""
    return TranscriptionError(
        f"{model}: cannot be fetched ({reason(error)})", "try again, or give --model a path"
    )
