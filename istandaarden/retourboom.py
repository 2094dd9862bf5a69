"""Writes the tree of a retourbericht in the order of its model, copying from the heenbericht what stays the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from lxml import etree

from istandaarden.model import ROOT, Berichtmodel, Element, Samengesteld, Vorm
from istandaarden.retourcodes import Plek


@dataclass(frozen=True, slots=True)
class Kopie:
    """An element of the heenbericht of which text or children come along; `plek` is where it stands there."""

    bron: etree._Element
    plek: Plek = ()


Inhoud = Union[str, Kopie, "Samenstel"]
"""What an element gets: a text, a copy, or children by name."""
Samenstel = Mapping[str, Inhoud | Sequence[str] | None]
"""Children by name: one, as many texts as there are for a repeated one, or None for none."""


def find(element: etree._Element, pad: str) -> etree._Element | None:
    """Give the first element at a path of local names below an element, None when there is none."""
    return next((kopie.bron for kopie in locate(element, pad)), None)


def get_text(element: etree._Element, pad: str) -> str:
    """Give the text at a path, without surrounding white space; empty when there is none."""
    gevonden = find(element, pad)
    return (gevonden.text or "").strip() if gevonden is not None else ""


def locate(wortel: etree._Element, pad: str) -> list[Kopie]:
    """Give every element at a path of local names below an element, with its place; ``*`` is any name."""
    rij = [Kopie(wortel)]
    for naam in pad.split("/"):
        rij = [
            Kopie(kind, (*vorige.plek, (kindnaam, nummer)))
            for vorige in rij
            for kindnaam, nummer, kind in _children(vorige.bron)
            if naam in {kindnaam, "*"}
        ]
    return rij


def _children(element: etree._Element) -> Iterator[tuple[str, int, etree._Element]]:
    """Give the children with their local name and their number among those of that name."""
    nummers: dict[str, int] = {}
    for kind in element:
        naam = str(kind.tag).rpartition("}")[2]
        nummers[naam] = nummers.get(naam, 0) + 1
        yield naam, nummers[naam], kind


class Retourboom:
    """The tree of one retourbericht; `wortel` is its root.

    Args:
        model: of the retourbericht.
        extra: gives what a copied klasse has in the retour and not, or otherwise, in the heenbericht.
        kies: says of each klasse in a list, by its place in the heenbericht, whether it comes along.
    """

    def __init__(self, model: Berichtmodel, extra: Callable[[Kopie], Samenstel], kies: Callable[[Plek], bool]) -> None:
        self._extra, self._kies, self._type = extra, kies, model.wortel
        nsmap = {
            model.soort.code.lower(): model.soort.naamruimte,
            model.basis.standaard: model.basis.naamruimte,
        }
        self.wortel = etree.Element(f"{{{model.soort.naamruimte}}}{ROOT}", nsmap=nsmap)

    def add(self, naam: str, inhoud: Inhoud) -> None:
        """Put the next element below the root."""
        element = next(element for element in self._type.elementen if element.naam == naam)
        self._write(self.wortel, element, self._type.naamruimte, inhoud)

    def _write(self, ouder: Any, element: Element, naamruimte: str, inhoud: Inhoud) -> None:
        kind = etree.SubElement(ouder, f"{{{naamruimte}}}{element.naam}")
        soort = element.type
        if isinstance(inhoud, str):
            kind.text = inhoud
        elif isinstance(inhoud, Kopie):
            if isinstance(soort, Samengesteld):
                self._write_copy(kind, soort, inhoud)
            else:
                kind.text = inhoud.bron.text
        elif isinstance(soort, Samengesteld):
            for deel in soort.elementen:
                self._write_given(kind, deel, soort.naamruimte, inhoud)

    def _write_given(self, ouder: Any, element: Element, naamruimte: str, inhoud: Samenstel) -> None:
        waarde = inhoud.get(element.naam)
        if waarde is None or isinstance(waarde, str | Kopie | Mapping):
            delen: Sequence[Inhoud] = () if waarde is None else (waarde,)
        else:
            delen = waarde
        for deel in delen:
            self._write(ouder, element, naamruimte, deel)

    def _write_copy(self, kind: Any, soort: Samengesteld, kopie: Kopie) -> None:
        extra = self._extra(kopie) if soort.vorm is Vorm.KLASSE else {}
        delen: dict[str, list[Kopie]] = {}
        for naam, nummer, deel in _children(kopie.bron):
            delen.setdefault(naam, []).append(Kopie(deel, (*kopie.plek, (naam, nummer))))
        for element in soort.elementen:
            if element.naam in extra:
                self._write_given(kind, element, soort.naamruimte, extra)
                continue
            for stuk in delen.get(element.naam, ()):
                if not element.herhaalbaar or self._kies(stuk.plek):
                    self._write(kind, element, soort.naamruimte, stuk)


def to_bytes(wortel: etree._Element) -> bytes:
    """Write a bericht as a file: UTF-8 without byte order mark, lines end in CR/LF (iStandaarden OP192)."""
    etree.indent(wortel, "  ")
    tekst = etree.tostring(wortel, encoding="UTF-8", xml_declaration=True)
    return tekst.replace(b"\n", b"\r\n") + b"\r\n"  # a CR inside a value is written as a reference
