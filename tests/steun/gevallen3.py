"""Where the cases of level 3 are noted: a rule, and a story that gives a bericht that breaks it and one that fits."""

from __future__ import annotations

from collections.abc import Callable

from verhaal import Verhaal

Geval = Callable[[Verhaal], tuple[bytes, bytes]]
GEVALLEN: list[tuple[str, Geval]] = []


def geval(code: str) -> Callable[[Geval], Geval]:
    """Note a case of this rule."""

    def note(verhaal: Geval) -> Geval:
        GEVALLEN.append((code, verhaal))
        return verhaal

    return note
