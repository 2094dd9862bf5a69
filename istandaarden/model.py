"""The model of a release in memory: berichten, classes, composites and logical types, all immutable.

Types and elements are compared by identity: each exists once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Berichtsoort:
    """One kind of bericht in one release.

    `code` is what people say (``WMO305``), `berichtcode` what the header holds (``418``; Vektis COD002, the same in
    every release). `is_retour` says that Afzender and Ontvanger in the header are copied from the heenbericht, so that
    the physical sender is the Ontvanger; a declaratie-antwoord (325) is no retour in that sense. `antwoord_op` and
    `retour` name the berichtsoort that this one answers, and the one that answers it. `afzender_type` and
    `ontvanger_type` are the types of the two header elements (``Gemeente`` or ``AgbCode``), None where a header has
    no such element (iEb has no Ontvanger). `van` and `naar` are the kinds of partij it physically travels between:
    ``gemeente``, ``zorgaanbieder``, ``zorgkantoor``, or the code of a ketenpartij. `reconstructie` says that no
    official schema was found, and that the structure is ours. `regels` is the release of which the rules of levels 2
    and higher apply, empty for none.
    """

    code: str
    standaard: str
    release: str
    berichtcode: str
    naamruimte: str
    is_retour: bool
    antwoord_op: str | None
    retour: str | None
    afzender_type: str | None
    ontvanger_type: str | None
    versie: int
    subversie: int
    naam: str = ""
    titel: str = ""
    van: str = ""
    naar: str = ""
    reconstructie: bool = False
    regels: str = ""

    def __str__(self) -> str:
        """Name it as people do: ``WMO305 (iWmo 3.2)``."""
        return f"{self.code} ({self.titel} {self.release})"


@dataclass(frozen=True, slots=True)
class Xsdversie:
    """Version of a schema file and the span of versions it is interchangeable with (iStandaarden IV034)."""

    versie: str
    minimaal: str
    maximaal: str


@dataclass(frozen=True, slots=True)
class Patroon:
    """A pattern in the regular expressions of XML Schema, and the same in Dutch words."""

    uitdrukking: str
    woorden: str


class Logischsoort(StrEnum):
    """What kind of value a logical type holds."""

    TEKST = "tekst"
    GEHEEL = "geheel"
    DATUM = "datum"
    TIJD = "tijd"
    CODE = "code"


@dataclass(frozen=True, slots=True, eq=False)
class Logisch:
    """A simple type (LDT) of the basisschema.

    `maximaal` is a length for tekst and code, a value for geheel; `waarden` maps the codes of a code list to their
    descriptions, empty for the other kinds; `mag_leeg` says that tekst may have no characters at all.
    """

    naam: str
    soort: Logischsoort
    maximaal: int | None
    patroon: Patroon | None
    lijst: str | None
    waarden: Mapping[str, str]
    mag_leeg: bool = False

    @property
    def xsdnaam(self) -> str:
        """Name of the type in the basisschema."""
        return f"LDT_{self.naam}"


class Vorm(StrEnum):
    """Why a complex type exists; a lijst has no RetourCodes in a retour."""

    WORTEL = "wortel"
    HEADER = "header"
    KLASSE = "klasse"
    LIJST = "lijst"
    COMPOSIET = "composiet"


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """An element inside a complex type: stands there `minimaal` (0 or 1) times or more, once unless `herhaalbaar`.

    `patroon` and `maximaal` narrow the type for this one element; `vast` is the value that a bericht of this
    berichtsoort has here (its berichtcode, versie or subversie).
    """

    naam: str
    type: Samengesteld | Logisch
    verplicht: bool = True
    herhaalbaar: bool = False
    patroon: Patroon | None = None
    maximaal: int | None = None
    vast: str | None = None

    @property
    def versmald(self) -> bool:
        """Whether the element narrows its type, so that its schema needs a type of its own."""
        return self.patroon is not None or self.maximaal is not None

    @property
    def typesleutel(self) -> tuple[str, str, int | None]:
        """Tell elements with a different simple type apart."""
        return self.type.naam, self.patroon.uitdrukking if self.patroon else "", self.maximaal

    @property
    def aantal(self) -> str:
        """Cardinality as people write it: ``1``, ``0..1``, ``1..n`` or ``0..n``."""
        if self.herhaalbaar:
            return "1..n" if self.verplicht else "0..n"
        return "1" if self.verplicht else "0..1"


@dataclass(frozen=True, slots=True, eq=False)
class Samengesteld:
    """A complex type: a klasse of a bericht, or a composiet (CDT) of the basisschema.

    `naamruimte` is the namespace of the elements inside.
    """

    naam: str
    vorm: Vorm
    naamruimte: str
    elementen: tuple[Element, ...]

    @property
    def xsdnaam(self) -> str:
        """Name of the type in its schema."""
        return f"CDT_{self.naam}" if self.vorm is Vorm.COMPOSIET else self.naam


@dataclass(frozen=True, slots=True, eq=False)
class Basismodel:
    """What all berichten of one standaard and release share."""

    standaard: str
    release: str
    naamruimte: str
    composieten: Mapping[str, Samengesteld]
    logisch: Mapping[str, Logisch]
    xsdversie: Xsdversie | None


@dataclass(frozen=True, slots=True, eq=False)
class Berichtmodel:
    """The whole of one bericht: its `wortel` is the type of the root element Bericht."""

    soort: Berichtsoort
    basis: Basismodel
    wortel: Samengesteld
    xsdversie: Xsdversie | None
    basisversie: Xsdversie | None

    def classes(self) -> Iterator[Samengesteld]:
        """Yield every complex type of the bericht itself, each once, parents first."""
        gezien: set[str] = set()
        wachtrij = [self.wortel]
        while wachtrij:
            klasse = wachtrij.pop(0)
            if klasse.naam in gezien:
                continue
            gezien.add(klasse.naam)
            yield klasse
            wachtrij += [
                element.type
                for element in klasse.elementen
                if isinstance(element.type, Samengesteld) and element.type.vorm is not Vorm.COMPOSIET
            ]


ROOT = "Bericht"
"""Local name of the root element of every bericht."""
