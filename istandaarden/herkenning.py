"""Recognises a bericht by the namespace of its root element: standaard, release and berichtsoort in one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from istandaarden.catalogus import Catalogus
from istandaarden.model import ROOT, Berichtsoort
from istandaarden.standaardmap import in_gebruik
from istandaarden.veilig import PAYLOAD, Ontleder, printable

_NAAMRUIMTE = re.compile(r"http://www\.istandaarden\.nl/(\w{1,10})/(\d{1,2})_(\d{1,2})/(\w{1,20})/schema(?:/\w{1,5})?")
_HAP = 8 * 1024


class Onherkenbaar(LookupError):
    """The root element is of no berichtsoort we know; `melding` says in Dutch what was found and what is nearest."""

    def __init__(self, melding: str, regel: int = 0) -> None:
        super().__init__(melding)
        self.melding = melding
        self.regel = regel


def recognise(data: bytes | Iterable[bytes], catalogus: Catalogus | None = None) -> Berichtsoort:
    """Say what kind of bericht this is, reading no further than the start of the root element.

    Args:
        data: the bericht, whole or in pieces.
        catalogus: where to look; the catalogue in use by default.

    Raises:
        Onherkenbaar: well-formed so far, but no known berichtsoort.
        istandaarden.veilig.XmlGeweigerd: no XML, or refused by the hardened parser.
    """
    wortel = _Wortel()
    ontleder = Ontleder(wortel, PAYLOAD)
    try:
        for deel in [data] if isinstance(data, bytes) else data:
            for begin in range(0, len(deel), _HAP):
                ontleder.feed(deel[begin : begin + _HAP])
        ontleder.close()
    except _Gevonden as gevonden:
        return by_root(gevonden.tag, catalogus or in_gebruik(), ontleder.regel)
    raise AssertionError("a document without root element is refused by the parser")  # pragma: no cover


def by_root(tag: str, catalogus: Catalogus, regel: int = 0) -> Berichtsoort:
    """Say what kind of bericht has this root element, named as lxml does: ``{namespace}Bericht``.

    Raises:
        Onherkenbaar: no berichtsoort has it.
    """
    naamruimte, _, naam = tag.rpartition("}")
    naamruimte = naamruimte.removeprefix("{")
    soort = catalogus.by_namespace(naamruimte)
    if soort is None:
        raise Onherkenbaar(_explain(naamruimte, naam, catalogus), regel)
    return soort


def _explain(naamruimte: str, naam: str, catalogus: Catalogus) -> str:
    bekend = _known(catalogus)
    if not naamruimte:
        naam = printable(naam, 60)
        return f"Het hoofdelement {naam} heeft geen naamruimte, zodat niet te zien is welk bericht dit is; {bekend}"
    vorm = _NAAMRUIMTE.fullmatch(naamruimte)
    if vorm is not None:
        standaard, groot, klein, bericht = vorm.groups()
        code = bericht.upper()
        releases = [soort.release for soort in catalogus if soort.code == code and soort.standaard == standaard]
        gevonden = f"{code} van {standaard} release {groot}.{klein}"
        if releases:
            return f"Dit is {gevonden}; van dit bericht is alleen release {', '.join(releases)} bekend."
        codes = [soort.code for soort in catalogus if soort.standaard == standaard]
        lijkt = difflib.get_close_matches(code, codes, 3, 0.6)
        return f"Dit noemt zich {gevonden}, maar dat bericht is niet bekend; " + (
            f"het lijkt op {', '.join(lijkt)}." if lijkt else bekend
        )
    lijkt = difflib.get_close_matches(naamruimte[:200], list(catalogus.berichtsoorten), 1, 0.9)
    if lijkt:
        soort = catalogus.berichtsoorten[lijkt[0]]
        return f"De naamruimte {printable(naamruimte)} is onbekend; bedoelt u {lijkt[0]} van {soort}?"
    return f"De naamruimte {printable(naamruimte)} van het hoofdelement is van geen bekend bericht; {bekend}"


def _known(catalogus: Catalogus) -> str:
    uitgaven = sorted({f"{soort.titel} {soort.release}" for soort in catalogus})
    return f"bekend zijn de berichten van {', '.join(uitgaven)}, met het hoofdelement {ROOT} in hun eigen naamruimte."


class _Gevonden(Exception):
    """Not an error: it ends the reading."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


class _Wortel:
    """Stops the parser at the first element."""

    def start(self, tag: str, _attrib: Mapping[str, str], _nsmap: Mapping[str | None, str]) -> None:
        raise _Gevonden(tag)

    def end(self, tag: str) -> None:
        """Never called."""

    def data(self, text: str) -> None:
        """Never called."""

    def close(self) -> None:
        """Never called."""
