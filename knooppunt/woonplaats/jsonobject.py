"""JSON objects as a file may hold them: no name twice, for nobody knows which value is meant, and only Unicode text."""

from __future__ import annotations

from typing import Any


class Objectfout(Exception):
    """An object cannot be used; the message is Dutch, follows the name of the place, and holds no value."""


def check_object(paren: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs (`object_pairs_hook`).

    Raises:
        Objectfout: it cannot be used.
    """
    inhoud = dict(paren)
    if len(inhoud) < len(paren):
        raise Objectfout("noemt een veld twee keer")
    for tekst in (deel for paar in paren for deel in paar if isinstance(deel, str)):
        try:
            tekst.encode()
        except UnicodeEncodeError:
            raise Objectfout("bevat tekst die geen geldige Unicode is") from None
    return inhoud
