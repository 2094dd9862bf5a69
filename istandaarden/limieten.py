"""How much XML we are willing to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from istandaarden.weigering import XmlGeweigerd

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
"""Namespace of the attributes that steer XSD validation, as it stands in front of a name."""


LIBXML: Final[dict[str, Any]] = {
    "encoding": "UTF-8",  # whatever the declaration says: Proloog made it so
    "resolve_entities": "internal",  # there are none; with False lxml overlooks errors when a schema checks along
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "collect_ids": False,
}
"""Options of every lxml parser in the project."""


@dataclass(frozen=True, slots=True)
class Limieten:
    """Bounds on one document; everything above is refused while reading.

    `diepte` counts the root as 1; `attributen` is per element and leaves out namespace declarations, of which
    `naamruimten` counts the different ones in the whole document; `naam` is in characters, without prefix; `tekst` is
    in characters between two tags, None for no limit, and does not hold for the elements named in `vrije_tekst` (as
    ``{namespace}name``), whose reader counts for itself; `proloog` and `markering` are in bytes: everything before
    the root element, and one tag (while streaming also one comment or instruction). `xsi` are the XML Schema
    instance attributes that are refused.
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
    elementen=600_000,
    attributen=16,
    tekst=64 * 1024,
    naam=256,
    naamruimten=64,
    proloog=8 * 1024,
    xsi=frozenset({"type", "nil"}),
)
"""For a bericht of the i-standards: eight levels deep, no attributes; 25 MB of JW323 holds 560,000 elements.

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


def check_depth(diepte: int, limieten: Limieten, regel: int = 0) -> None:
    """Refuse an element at depth `diepte`, the root counted as 1, when that is too deep."""
    if diepte > limieten.diepte:
        raise XmlGeweigerd("diepte", f"De elementen zijn dieper genest dan {limieten.diepte}.", regel)


def check_elements(aantal: int, limieten: Limieten, regel: int = 0) -> None:
    """Refuse a document with `aantal` elements when those are too many."""
    if aantal > limieten.elementen:
        raise XmlGeweigerd("elementen", f"Het bestand bevat meer dan {limieten.elementen} elementen.", regel)


def check_namespaces(aantal: int, limieten: Limieten, regel: int = 0) -> None:
    """Refuse a document with `aantal` different namespace declarations when those are too many."""
    if aantal > limieten.naamruimten:
        raise XmlGeweigerd("naamruimten", f"Het bestand declareert meer dan {limieten.naamruimten} naamruimten.", regel)


def check_names(namen: Iterable[str], limieten: Limieten, regel: int = 0) -> None:
    """Refuse names, each as ``{namespace}local``, of which a local part is too long."""
    for naam in namen:
        if len(naam) - naam.rfind("}") - 1 > limieten.naam:
            raise XmlGeweigerd("naam", f"Een naam is langer dan {limieten.naam} tekens.", regel)


def check_attributes(attrib: Mapping[str, str], limieten: Limieten, regel: int = 0) -> None:
    """Refuse the attributes of one element when they are too many, too long of name, or steer XSD validation."""
    if len(attrib) > limieten.attributen:
        raise XmlGeweigerd("attributen", f"Een element heeft meer dan {limieten.attributen} attributen.", regel)
    check_names(attrib, limieten, regel)
    if max(map(len, attrib.values()), default=0) > limieten.markering:
        melding = f"De waarde van een attribuut is langer dan {limieten.markering} tekens."
        raise XmlGeweigerd("markering", melding, regel)
    for naam in limieten.xsi:
        if XSI + naam in attrib:
            raise XmlGeweigerd("xsi", f"Een element heeft het attribuut xsi:{naam}; dat is niet toegestaan.", regel)


def check_text(tekens: int, grens: int | None, regel: int = 0) -> None:
    """Refuse a text of `tekens` characters when it is longer than `grens`, None for no limit."""
    if grens is not None and tekens > grens:
        raise XmlGeweigerd("tekst", f"Een tekst is langer dan {grens} tekens.", regel)
