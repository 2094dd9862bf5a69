"""A bericht as rules read it: klassen with values by local name, made once from a tree or while the bericht passes.

Rules look up the same few values many times, and asking libxml2's tree for each of them costs more than the rules do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, TypeVar

from lxml import etree

from istandaarden.model import ROOT, Berichtsoort

_WIT = " \t\r\n"
_NAMEN_MAX = 10_000
_DAGEN_MAX = 50_000  # a century and more
_T = TypeVar("_T")


class Besmet(Exception):
    """A rule asked for something that level 1 has found wrong already, so it cannot give a verdict."""


class _Fout:
    """Stands in a klasse for what cannot be trusted."""


_FOUT, _MIST = _Fout(), _Fout()  # there, but wrong; not there, but required
_OPBOUW = ""  # key for "which children there are cannot be trusted"; no element has this name


class Klasse:
    """One element with children.

    Paths are local names with slashes, from this klasse: ``Product/Code``. Where level 1 found a fault, reading raises
    `Besmet`.
    """

    __slots__ = ("_regels", "_velden", "naam", "ouder")

    def __init__(self, naam: str, ouder: Klasse | None, regels: list[int] | None = None) -> None:
        self.naam = naam
        self.ouder = ouder
        self._velden: dict[str, Any] = {}
        self._regels = regels  # own line and that of each child in the order of `_velden`, when lines are noted

    @property
    def nummer(self) -> int:
        """Position among the siblings of the same name, from 1."""
        broers = self.ouder._velden[self.naam] if self.ouder else self  # noqa: SLF001 - another of the same class
        return broers.index(self) + 1 if broers.__class__ is list else 1

    @property
    def plaats(self) -> str:
        """Path from the root, with positions where a sibling has the same name."""
        if self.ouder is None:
            return f"/{self.naam}"
        broers = self.ouder._velden[self.naam]  # noqa: SLF001 - another of the same class
        positie = f"[{broers.index(self) + 1}]" if broers.__class__ is list else ""
        return f"{self.ouder.plaats}/{self.naam}{positie}"

    def is_doubtful(self, namen: Iterable[str]) -> bool:
        """Tell whether it is uncertain which children of these names there are."""
        return _OPBOUW in self._velden or any(isinstance(self._velden.get(naam), _Fout) for naam in namen)

    def tekst(self, pad: str) -> str | None:
        """Give a value without surrounding white space, None when it is absent or empty."""
        waarde = self._velden.get(pad)
        if waarde.__class__ is not str:
            waarde = self._find(pad)
            if waarde.__class__ is not str:
                return None
            self._velden[pad] = waarde  # a path is remembered beside the names
        return waarde or None

    def geheel(self, pad: str) -> int | None:
        """Give a whole number, None when it is absent."""
        tekst = self.tekst(pad)
        return None if tekst is None else int(tekst)

    def datum(self, pad: str) -> date | None:
        """Give a date, None when it is absent; a year that `date` cannot hold becomes its first or last day."""
        waarde = self._velden.get(pad)
        if waarde.__class__ is not str:
            waarde = self.tekst(pad)
        return DAGEN[waarde] if waarde else None

    def heeft(self, pad: str) -> bool:
        """Tell whether an element is there, empty or not."""
        waarde = self._velden.get(pad)
        if waarde is None or waarde is _MIST:
            waarde = self._find(pad)
        return waarde is not None

    def kind(self, pad: str) -> Klasse | None:
        """Give a child that is a klasse, None when it is absent."""
        gevonden = self.kinderen(pad)
        return gevonden[0] if gevonden else None

    def kinderen(self, pad: str) -> Sequence[Klasse]:
        """Give the children of a name that are klassen, all of them, in order."""
        kop, _, rest = pad.partition("/")
        if _OPBOUW in self._velden or self._velden.get(kop).__class__ is _Fout:
            raise Besmet
        takken = self.branches(kop)
        return [kind for tak in takken for kind in tak.kinderen(rest)] if rest else takken

    def is_klasse(self, naam: str) -> bool:
        """Tell whether a child has children of its own."""
        waarde = self._velden.get(naam)
        return isinstance(waarde[0] if isinstance(waarde, list) and waarde else waarde, Klasse)

    def teksten(self, naam: str) -> Sequence[str]:
        """Give the values of a repeated simple child."""
        waarde = self._velden.get(naam)
        if waarde.__class__ is _Fout or (waarde is None and _OPBOUW in self._velden):
            raise Besmet
        delen = waarde if isinstance(waarde, list) else [waarde]
        return [deel for deel in delen if isinstance(deel, str)]

    def branches(self, naam: str) -> Sequence[Klasse]:
        """Give the children of a name that are klassen, as far as they can be found; never raises."""
        waarde = self._velden.get(naam)
        if waarde.__class__ is Klasse:
            return (waarde,)
        if waarde.__class__ is list:
            return [deel for deel in waarde if isinstance(deel, Klasse)]
        if waarde.__class__ is str and not waarde:  # an element without anything in it, such as an empty Periode
            return (Klasse(naam, self, [self.line(naam)] if self._regels else None),)
        return ()

    def trace(self, pad: str) -> tuple[Klasse, str, str | None]:
        """Follow a path as far as it goes.

        Returns:
            The last klasse on it; the name of its child when that is a value, else nothing; and that value. What is
            absent is nowhere, so then it is the klasse where it should have been.
        """
        plek: Klasse = self
        for naam in pad.split("/") if pad else ():
            waarde = plek._velden.get(naam)
            waarde = waarde[0] if isinstance(waarde, list) else waarde
            if isinstance(waarde, str):
                return plek, naam, waarde
            if not isinstance(waarde, Klasse):
                break
            plek = waarde
        return plek, "", None

    def line(self, naam: str) -> int:
        """Give the line of a child that is a value, or without a name its own; 0 when lines were not noted."""
        if self._regels is None:
            return 0
        return self._regels[list(self._velden).index(naam) + 1 if naam else 0]

    def mark(self, veld: str | None) -> None:
        """Make reading a child raise `Besmet`; without one, asking for any child that is not there."""
        if veld is None:
            self._velden[_OPBOUW] = _FOUT
        else:
            self._velden[veld] = _FOUT if veld in self._velden else _MIST

    def forget(self, kind: Klasse) -> None:
        """Leave a child out, as if it were not there; its siblings keep their positions."""
        waarde = self._velden.get(kind.naam)
        if isinstance(waarde, list):
            waarde[waarde.index(kind)] = None
        elif waarde is kind:
            del self._velden[kind.naam]

    def add(self, naam: str, waarde: str | Klasse, regel: int | None) -> None:
        """Put in the next child, noting its line when those of its siblings are noted."""
        eerder = self._velden.get(naam)
        if eerder is None:
            self._velden[naam] = waarde
            if self._regels is not None and regel is not None:
                self._regels.append(regel)
        elif eerder.__class__ is list:
            eerder.append(waarde)
        else:
            self._velden[naam] = [eerder, waarde]

    def walk(self) -> Iterator[Klasse]:
        """Yield this klasse and every klasse below it."""
        yield self
        for naam in list(self._velden):
            for kind in self.branches(naam) if not isinstance(self._velden[naam], str) else ():
                yield from kind.walk()

    def _find(self, pad: str) -> Any:
        """Give what is at a path: its text, its Klasse, None when it is absent; the first where there are more."""
        waarde = self._velden.get(pad)
        if waarde is None:
            if "/" in pad:
                kop, _, rest = pad.partition("/")
                tak = self._velden.get(kop)
                if tak.__class__ is not Klasse:
                    tak = self._find(kop)
                return tak._find(rest) if tak.__class__ is Klasse else None  # noqa: SLF001 - of the same class
            if _OPBOUW in self._velden:
                raise Besmet
            return None
        if waarde.__class__ is _Fout:
            raise Besmet
        return waarde[0] if waarde.__class__ is list else waarde


class Bericht:
    """A bericht for rules: its klassen by name, and what its Header says."""

    def __init__(
        self, soort: Berichtsoort, wortel: Klasse, klassen: dict[str, list[Klasse]], boom: etree._Element | None = None
    ) -> None:
        self.soort = soort
        self.wortel = wortel
        self._klassen = klassen
        self._boom = boom  # knows the lines that were not noted
        self._header: Klasse | None = None
        self._dagtekening: date | None = None
        self._besmet = False

    @property
    def standaard(self) -> str:
        """``iwmo`` or ``ijw``."""
        return self.soort.standaard

    @property
    def dagtekening(self) -> date | None:
        """Date of the bericht, None when there is none; raises `Besmet` when it cannot be trusted."""
        if self._dagtekening is None:
            kop = self.wortel.kind("Header")
            self._dagtekening = kop.datum("BerichtIdentificatie/Dagtekening") if kop else None
        return self._dagtekening

    def header(self, pad: str) -> str | None:
        """Give a value from the Header, None when it is absent."""
        kop = self.wortel.kind("Header") if self._header is None else self._header
        self._header = kop
        return kop.tekst(pad) if kop else None

    def klassen(self, naam: str) -> Sequence[Klasse]:
        """Give every klasse with an element name, in the order of the bericht."""
        return self._klassen.get(naam, ())

    def forget(self, klasse: Klasse) -> None:
        """Leave a klasse out, with all that is in it."""
        if klasse.ouder is not None:
            klasse.ouder.forget(klasse)
        for weg in klasse.walk():
            self._klassen[weg.naam] = [blijft for blijft in self._klassen.get(weg.naam, ()) if blijft is not weg]

    def mark(self, klasse: Klasse, veld: str | None) -> None:
        """Note that a child of a klasse cannot be trusted or, without one, which children it has."""
        self._besmet = True
        klasse.mark(veld)

    def count_on(self, *namen: str) -> None:
        """Check that the klassen of these names are all there are, as far as one holds another.

        Raises:
            Besmet: level 1 found otherwise, so that a sum or a count would mean nothing.
        """
        if self._besmet and any(klasse.is_doubtful(namen) for naam in namen for klasse in self.klassen(naam)):
            raise Besmet

    def locate(self, klasse: Klasse, pad: str) -> tuple[str, int, str | None]:
        """Say where something is: path from the root, line in the file, and the value when it is a value."""
        plek, naam, waarde = klasse.trace(pad)
        regel = plek.line(naam) if self._boom is None else _line(_element_of(self._boom, plek, naam))
        return f"{plek.plaats}/{naam}" if naam else plek.plaats, regel, waarde


def read_tree(boom: etree._Element, soort: Berichtsoort) -> Bericht:
    """Make a `Bericht` out of a tree, which is looked at again only to say on which line something is."""
    wortel = Klasse(NAMEN[boom.tag], None)
    klassen: dict[str, list[Klasse]] = {}
    _fill(wortel, boom, klassen)
    return Bericht(soort, wortel, klassen, boom)


def _fill(klasse: Klasse, element: Any, klassen: dict[str, list[Klasse]]) -> None:
    """Read all that is in an element into its klasse.

    Goes through the elements in the order of the bericht, which with the number of children of each is enough to know
    what belongs to what, and much faster than going from child to child.
    """
    velden, over, namen = klasse._velden, len(element), NAMEN  # noqa: SLF001 - made here
    met_regels = klasse._regels is not None  # noqa: SLF001
    hoger: list[tuple[Klasse, dict[str, Any], int]] = []
    afdaling = element.iter()
    next(afdaling)
    for deel in afdaling:
        naam, aantal = namen[deel.tag], len(deel)
        waarde: Any
        if aantal:
            waarde = Klasse(naam, klasse, [deel.sourceline] if met_regels else None)
            if naam in klassen:
                klassen[naam].append(waarde)
            else:
                klassen[naam] = [waarde]
        else:
            waarde = (deel.text or "").strip(_WIT)
        if met_regels or naam in velden:
            klasse.add(naam, waarde, deel.sourceline)
        else:
            velden[naam] = waarde
        over -= 1
        if aantal:
            hoger.append((klasse, velden, over))
            klasse, velden, over = waarde, waarde._velden, aantal  # noqa: SLF001
        else:
            while not over and hoger:
                klasse, velden, over = hoger.pop()


class Meelezer:
    """Makes a `Bericht` out of a tree that grows at its end and is pruned behind."""

    def __init__(self) -> None:
        self._wortel: Klasse | None = None
        self._klassen: dict[str, list[Klasse]] = {}
        self._open: list[Klasse] = []  # klassen that were begun below the root and had not ended, outermost first

    def absorb(self, wortel: etree._Element, af: bool) -> None:  # noqa: FBT001 - `validate_chunks` calls it so
        """Take in what the tree holds.

        Args:
            wortel: root of the tree.
            af: the tree is complete. If not, the last element in each row may go on growing; all others may be taken
                out of the tree after this call.
        """
        if self._wortel is None:
            self._wortel = Klasse(NAMEN[wortel.tag], None, [_line(wortel)])
        self._grow(wortel, self._wortel, 0, af=af)

    def bericht(self, soort: Berichtsoort) -> Bericht:
        """Give what was taken in."""
        return Bericht(soort, self._wortel or Klasse(ROOT, None), self._klassen)

    def _grow(self, element: etree._Element, klasse: Klasse, diepte: int, *, af: bool) -> None:
        kinderen = list(element)
        if not kinderen:
            return
        begonnen = self._open[diepte] if len(self._open) > diepte else None
        for kind in kinderen if af else kinderen[:-1]:
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

    def _store(self, element: Any, ouder: Klasse) -> None:
        if len(element):
            _fill(self._begin(element, ouder), element, self._klassen)
        else:
            ouder.add(NAMEN[element.tag], (element.text or "").strip(_WIT), element.sourceline)

    def _begin(self, element: Any, ouder: Klasse) -> Klasse:
        klasse = Klasse(NAMEN[element.tag], ouder, [element.sourceline])
        ouder.add(klasse.naam, klasse, element.sourceline)
        self._klassen.setdefault(klasse.naam, []).append(klasse)
        return klasse


def leesbaar(klassen: Iterable[Klasse], lees: Callable[[Klasse], _T]) -> Iterator[tuple[Klasse, _T]]:
    """Pair each klasse with what a function reads from it, leaving out those where level 1 found a fault."""
    for klasse in klassen:
        try:
            waarde = lees(klasse)
        except Besmet:
            continue
        yield klasse, waarde


def _element_of(boom: etree._Element, klasse: Klasse, naam: str) -> etree._Element:
    """Find the element of a klasse, or of its first child of a name, in the tree it was read from."""
    pad = [(naam, 1)] if naam else []
    stap: Klasse | None = klasse
    while stap is not None and stap.ouder is not None:
        pad.append((stap.naam, stap.nummer))
        stap = stap.ouder
    element: Any = boom
    for kindnaam, nummer in reversed(pad):
        gelijk = (kind for kind in element if NAMEN[kind.tag] == kindnaam)
        element = next(islice(gelijk, nummer - 1, None))
    return element  # type: ignore[no-any-return]  # a loop variable the stubs know too little of


class _Namen(dict[Any, str]):
    """Local name by tag; an invalid bericht can have any number of them."""

    def __missing__(self, tag: Any) -> str:
        naam = str(tag).rpartition("}")[2]
        if len(self) < _NAMEN_MAX:
            self[tag] = naam
        return naam


NAMEN = _Namen()


class _Dagen(dict[str, date]):
    """Date by its text; a bericht repeats the same few."""

    def __missing__(self, tekst: str) -> date:
        try:
            dag = date.fromisoformat(tekst)
        except ValueError:
            dag = date.min if tekst.startswith(("-", "0000")) else date.max
        if len(self) < _DAGEN_MAX:
            self[tekst] = dag
        return dag


DAGEN = _Dagen()


def _line(element: etree._Element) -> int:
    regel: Any = element.sourceline or 0  # the stubs forget that it is always a number here
    return int(regel)
