"""A bericht as rules read it: klassen with values by local name, made once from a tree or while it passes.

Rules look up the same few values many times, and going through libxml2's tree for each costs more than the rule. A
`Klasse` is an element with children, whatever the model calls it (klasse, lijst or composiet); it keeps nothing of the
tree, so a tree may be thrown away behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from lxml import etree

from istandaarden.model import ROOT, Berichtsoort

_WIT = " \t\r\n"


class Besmet(Exception):
    """A rule asked for something that level 1 has found wrong already, so it cannot give a verdict."""


class _Fout:
    """Stands in a klasse for what cannot be trusted."""


_FOUT = _Fout()
_OPBOUW = ""  # key for "which children there are cannot be trusted"; no element has this name


class Klasse:
    """One element with children.

    Paths are local names with slashes, from this klasse: ``Product/Code``. Where level 1 found a fault, reading raises
    `Besmet`.
    """

    __slots__ = ("_regels", "_velden", "naam", "nummer", "ouder", "regel")

    def __init__(self, naam: str, ouder: Klasse | None, regel: int) -> None:
        self.naam = naam
        self.ouder = ouder
        self.nummer = 1
        self.regel = regel
        """Line of the start tag in the file, 0 when unknown."""
        self._velden: dict[str, Any] = {}
        self._regels: list[int] = []  # line of each field, in the order of `_velden`

    def tekst(self, pad: str) -> str | None:
        """Give a value without surrounding white space, None when it is absent or empty."""
        waarde = self._velden.get(pad)
        if waarde.__class__ is str:
            return waarde or None
        waarde = self._find(pad)
        return waarde or None if isinstance(waarde, str) else None

    def geheel(self, pad: str) -> int | None:
        """Give a whole number, None when it is absent."""
        tekst = self.tekst(pad)
        return None if tekst is None else int(tekst)

    def datum(self, pad: str) -> date | None:
        """Give a date, None when it is absent; a year that `date` cannot hold becomes its first or last day."""
        tekst = self.tekst(pad)
        return None if tekst is None else _read_date(tekst)

    def heeft(self, pad: str) -> bool:
        """Tell whether an element is there, empty or not."""
        return pad in self._velden or self._find(pad) is not None

    def kind(self, pad: str) -> Klasse | None:
        """Give a child that is a klasse, None when it is absent."""
        gevonden = self.kinderen(pad)
        return gevonden[0] if gevonden else None

    def kinderen(self, pad: str) -> Sequence[Klasse]:
        """Give the children of a name that are klassen, all of them, in order."""
        if not pad.partition("/")[2]:
            return self._children(pad)
        kop, _, rest = pad.partition("/")
        return [kind for tak in self._children(kop) for kind in tak.kinderen(rest)]

    def teksten(self, naam: str) -> Sequence[str]:
        """Give the values of a repeated simple child."""
        waarde = self._field(naam)
        if waarde is None:
            return ()
        return [deel for deel in (waarde if isinstance(waarde, list) else [waarde]) if isinstance(deel, str)]

    @property
    def plaats(self) -> str:
        """Path from the root, with positions where a sibling has the same name."""
        if self.ouder is None:
            return f"/{self.naam}"
        broers = self.ouder._velden.get(self.naam)  # noqa: SLF001 - another of the same class
        positie = f"[{self.nummer}]" if isinstance(broers, list) else ""
        return f"{self.ouder.plaats}/{self.naam}{positie}"

    def locate(self, pad: str) -> tuple[str, int, str | None]:
        """Say where something is: path from the root, line, and the value when it is a value.

        What is absent is nowhere: then it is the place where it should have been, as far as there is one.
        """
        plek: Klasse = self
        for naam in pad.split("/") if pad else ():
            waarde = plek._velden.get(naam)
            waarde = waarde[0] if isinstance(waarde, list) else waarde
            if isinstance(waarde, str):
                regel = plek._regels[list(plek._velden).index(naam)]
                return f"{plek.plaats}/{naam}", regel, waarde
            if not isinstance(waarde, Klasse):
                break
            plek = waarde
        return plek.plaats, plek.regel, None

    def mark(self, veld: str | None) -> None:
        """Make reading a child raise `Besmet`; without one, asking which children there are."""
        if veld is None:
            self._velden.setdefault(_OPBOUW, _FOUT)
        elif veld in self._velden:
            self._velden[veld] = _FOUT

    def walk(self) -> Iterator[Klasse]:
        """Yield this klasse and all below it."""
        yield self
        for waarde in self._velden.values():
            for deel in waarde if isinstance(waarde, list) else (waarde,):
                if isinstance(deel, Klasse):
                    yield from deel.walk()

    def _children(self, naam: str) -> Sequence[Klasse]:
        if _OPBOUW in self._velden:
            raise Besmet
        waarde = self._field(naam)
        if isinstance(waarde, Klasse):
            return (waarde,)
        if isinstance(waarde, list):
            return [deel for deel in waarde if isinstance(deel, Klasse)]
        return (Klasse(naam, self, self.regel),) if isinstance(waarde, str) else ()

    def _field(self, naam: str) -> Any:
        waarde = self._velden.get(naam)
        if waarde is _FOUT or (waarde is None and _OPBOUW in self._velden):
            raise Besmet
        return waarde

    def _find(self, pad: str) -> Any:
        kop, _, rest = pad.partition("/")
        waarde = self._field(kop)
        if isinstance(waarde, list):
            waarde = waarde[0]
        if not rest:
            return waarde
        return waarde._find(rest) if isinstance(waarde, Klasse) else None  # noqa: SLF001

    def _add(self, naam: str, waarde: str | Klasse, regel: int) -> None:
        eerder = self._velden.get(naam)
        if eerder is None:
            self._velden[naam] = waarde
            self._regels.append(regel)
            return
        if not isinstance(eerder, list):
            eerder = self._velden[naam] = [eerder]
        eerder.append(waarde)
        if isinstance(waarde, Klasse):
            waarde.nummer = len(eerder)


class Bericht:
    """A bericht for rules: its klassen by name, and what its Header says."""

    def __init__(self, soort: Berichtsoort, wortel: Klasse, klassen: dict[str, list[Klasse]]) -> None:
        self.soort = soort
        self.wortel = wortel
        self._klassen = klassen

    @property
    def standaard(self) -> str:
        """``iwmo`` or ``ijw``."""
        return self.soort.standaard

    @property
    def nummer(self) -> str:
        """Number of the berichtsoort without its prefix: ``301``."""
        return self.soort.code[-3:]

    @property
    def dagtekening(self) -> date | None:
        """Date of the bericht, None when there is none; raises `Besmet` when it cannot be trusted."""
        kop = self.wortel.kind("Header")
        return kop.datum("BerichtIdentificatie/Dagtekening") if kop else None

    def header(self, pad: str) -> str | None:
        """Give a value from the Header, None when it is absent."""
        return self.wortel.tekst(f"Header/{pad}")

    def klassen(self, naam: str) -> Sequence[Klasse]:
        """Give every klasse with an element name, in the order of the bericht."""
        return self._klassen.get(naam, ())


class Berichtlezer:
    """Makes a `Bericht` out of a tree, at once or as the tree grows at its end and is pruned behind."""

    def __init__(self) -> None:
        self._klassen: dict[str, list[Klasse]] = {}
        self._wortel: Klasse | None = None
        self._open: list[Klasse] = []  # klassen that were begun below the root and had not ended, outermost first

    def absorb(self, wortel: etree._Element, *, af: bool = True) -> None:
        """Take in what the tree holds.

        Args:
            wortel: root of the tree.
            af: the tree is complete. If not, the last element in each row may go on growing; all others may be taken
                out of the tree after this call.
        """
        if self._wortel is None:
            self._wortel = Klasse(_local(str(wortel.tag)), None, _line(wortel))
        self._grow(wortel, self._wortel, 0, af=af)

    def bericht(self, soort: Berichtsoort) -> Bericht:
        """Give what was taken in."""
        return Bericht(soort, self._wortel or Klasse(ROOT, None, 0), self._klassen)

    def _grow(self, element: etree._Element, klasse: Klasse, diepte: int, *, af: bool) -> None:
        kinderen = list(element)
        if not kinderen:
            return
        begonnen = self._open[diepte] if len(self._open) > diepte else None
        klaar = kinderen if af else kinderen[:-1]
        for kind in klaar:
            if begonnen is None:
                self._store(kind, klasse)
            else:
                self._grow(kind, begonnen, diepte + 1, af=True)
                del self._open[diepte:]
                begonnen = None
        laatste = kinderen[-1]
        if not af and len(laatste):
            if begonnen is None:
                begonnen = self._begin(laatste, klasse)
                self._open[diepte:] = [begonnen]
            self._grow(laatste, begonnen, diepte + 1, af=False)

    def _store(self, element: etree._Element, ouder: Klasse) -> None:
        if not len(element):
            ouder._add(_local(element.tag), (element.text or "").strip(_WIT), element.sourceline)  # type: ignore[arg-type]  # noqa: SLF001 - no comments here
            return
        klasse = self._begin(element, ouder)
        velden, regels = klasse._velden, klasse._regels  # noqa: SLF001 - built here
        for kind in element:
            naam = _local(kind.tag)
            if len(kind) or naam in velden:
                self._store(kind, klasse)
            else:
                velden[naam] = (kind.text or "").strip(_WIT)
                regels.append(kind.sourceline)  # type: ignore[arg-type]  # a parsed element has one

    def _begin(self, element: etree._Element, ouder: Klasse) -> Klasse:
        naam = _local(element.tag)
        klasse = Klasse(naam, ouder, _line(element))
        ouder._add(naam, klasse, klasse.regel)  # noqa: SLF001 - built here
        self._klassen.setdefault(naam, []).append(klasse)
        return klasse


def leesbaar(klassen: Iterable[Klasse], lees: Any) -> Iterator[tuple[Klasse, Any]]:
    """Pair each klasse with what a function reads from it, leaving out those where level 1 found a fault."""
    for klasse in klassen:
        try:
            waarde = lees(klasse)
        except Besmet:
            continue
        yield klasse, waarde


@lru_cache(maxsize=4096)
def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


@lru_cache(maxsize=4096)
def _read_date(tekst: str) -> date:
    try:
        return date.fromisoformat(tekst)
    except ValueError:
        return date.min if tekst.startswith(("-", "0000")) else date.max


def _line(element: etree._Element) -> int:
    regel: Any = element.sourceline or 0  # the stubs forget that it is always a number here
    return int(regel)
