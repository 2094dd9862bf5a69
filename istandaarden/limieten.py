"""How much XML we are willing to read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limieten:
    """Bounds on one document; everything above is refused while reading.

    `diepte` counts the root as 1; `attributen` is per element and leaves out namespace declarations, which
    `naamruimten` counts over the whole document; `naam` is in characters, without prefix; `tekst` is in characters
    between two tags, None for no limit, and does not hold for the elements named in `vrije_tekst` (as
    ``{namespace}name``), whose reader counts for itself; `proloog` and `markering` are in bytes: everything before
    the root element, and one tag, comment or processing instruction. `xsi` are the XML Schema instance attributes
    that are refused.
    """

    diepte: int
    elementen: int
    attributen: int
    tekst: int | None
    naam: int
    naamruimten: int
    proloog: int
    markering: int = 64 * 1024
    xsi: frozenset[str] = frozenset()
    vrije_tekst: frozenset[str] = frozenset()


PAYLOAD = Limieten(
    diepte=32,
    elementen=750_000,
    attributen=16,
    tekst=64 * 1024,
    naam=256,
    naamruimten=64,
    proloog=8 * 1024,
    xsi=frozenset({"type", "nil"}),
)
"""For a bericht of the i-standards: eight levels deep, no attributes; 25 MB of it holds some 600,000 elements.

``xsi:type`` and ``xsi:nil`` would let a sender choose how strictly he is checked; ``xsi:schemaLocation`` does nothing
here (no schema is ever fetched) and much software writes it, so that is let through.
"""

ENVELOP = Limieten(
    diepte=32,
    elementen=20_000,
    attributen=32,
    tekst=64 * 1024,
    naam=256,
    naamruimten=128,
    proloog=8 * 1024,
    xsi=frozenset({"type"}),
)
"""For a SOAP message with a StUF-GGk envelope; name the elements with base64 in `vrije_tekst`."""
