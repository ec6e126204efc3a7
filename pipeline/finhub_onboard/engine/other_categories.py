"""Whether the inputs use any category besides those that the bank refuses; looked up in a thread of its own.

The look reads the inputs again. On the event loop it would stop all calls under way, and outlast their time-outs.
"""

import threading
from collections.abc import Callable

Look = Callable[[frozenset[str], Callable[[], bool]], bool]
"""Reads the inputs for categories that are none of these, for as long as the function says that somebody wants it."""


class OtherCategories:
    """Answers at once, with None as long as the answer is not known. Any failure of the look proves nothing: True."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._answers: dict[frozenset[str], bool | None] = {}
        self._is_wanted = True

    def __call__(self, refused: frozenset[str]) -> bool | None:
        """Whether any row has a category that is none of ``refused``."""
        if refused not in self._answers:
            self._answers[refused] = None
            threading.Thread(target=self._find, args=(refused,), name="other-categories", daemon=True).start()
        return self._answers[refused]

    def _find(self, refused: frozenset[str]) -> None:
        try:
            found = self._look(refused, lambda: self._is_wanted)
        except Exception:  # noqa: BLE001 - an input that cannot be read any more stops the run where it is read for work
            found = True
        self._answers[refused] = found

    def close(self) -> None:
        """Nobody asks any more: a look that is under way ends soon."""
        self._is_wanted = False
