"""One finding about a bericht, in words a user can act on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bevinding:
    """Something that is wrong with a bericht.

    `code` is ``XSD`` or a rule code (``TR101``); `niveau` 1 is format, 2 inside the bericht, 3 across
    berichten, 4 against a register (iStandaarden IV028/IV032). `plaats` is the path from the root with
    positions, without namespaces: ``/Bericht/Client/StartProducten/StartProduct[2]/Begindatum``. `regel` is the
    line in the file, counted from 1; 0 when there is no line. `melding` is a Dutch sentence that says what is
    wrong and what was expected; it never contains a value from the bericht, because it may be logged.
    `waarde` is the value that was found, for the owner of the bericht only; `retourcode` the code that a
    retourbericht would carry.
    """

    code: str
    niveau: int
    plaats: str
    regel: int
    melding: str
    retourcode: str | None = None
    waarde: str | None = None
