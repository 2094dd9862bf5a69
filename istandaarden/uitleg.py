"""Explains an invalid bericht: every error at once, with line, place and a Dutch sentence.

libxml2 gives the verdict, and its own report stops at the first error inside each element. So the whole tree is
compared with the model here, which gives a finding exactly when libxml2 rejects (``tests/oracle`` holds both to that);
values are judged by libxml2 one by one.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from istandaarden.bevinding import Bevinding
from istandaarden.inhoudsmodel import Afwijking, Verschil, compare
from istandaarden.model import ROOT, Berichtmodel, Element, Logisch, Samengesteld
from istandaarden.regels.niveau1 import XSD, rule_of
from istandaarden.schema import compile_schema
from istandaarden.veilig import printable
from istandaarden.waardetoets import Waardetoets, complain
from istandaarden.woorden import describe_value, sum_up

BEVINDINGEN_MAX = 1000
"""Findings per bericht that are written out; of any others only the number is told."""

_WIT = " \t\r\n"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_STILLE_ATTRIBUTEN = frozenset({f"{_XSI}schemaLocation", f"{_XSI}noNamespaceSchemaLocation"})
_WAARDE_MAX = 200
_PARTIJ = 2000
_HAS_ATTRIBUTES = etree.XPath("boolean(//@*)")
_HAS_LOOSE_TEXT = etree.XPath("boolean(//*[*]/text()[normalize-space()])")
_STOORT = frozenset({Verschil.ONBEKEND, Verschil.TE_VAAK})
"""Differences that leave uncertain what was meant; a wrong place or namespace does not."""


@dataclass(slots=True)
class Foutplekken:
    """Places with a fault, as `Bevinding.plaats`.

    `waarden` are values that are not what they should be; `ontbreekt` elements without a child they require, with its
    name; `opbouw` elements of which it is uncertain which children they were meant to have; `weg` elements that do not
    belong where they stand.
    """

    waarden: set[str] = field(default_factory=set)
    ontbreekt: set[tuple[str, str]] = field(default_factory=set)
    opbouw: set[str] = field(default_factory=set)
    weg: set[str] = field(default_factory=set)


def explain(wortel: etree._Element, model: Berichtmodel, waardetoets: Waardetoets) -> tuple[Bevinding, ...]:
    """Find everything in a bericht that its schema does not allow.

    Args:
        wortel: root of a tree from `istandaarden.veilig.parse`: no comments, CDATA as text.
        model: of the berichtsoort that the root's namespace names.
        waardetoets: of the same model.

    Returns:
        Findings in the order of the bericht, none for a valid one; at most `BEVINDINGEN_MAX`, and then one that tells
        how many more there are.
    """
    return _explain(wortel, model, waardetoets).result()


def explain_places(
    wortel: etree._Element, model: Berichtmodel, waardetoets: Waardetoets
) -> tuple[tuple[Bevinding, ...], Foutplekken | None]:
    """Explain a bericht that libxml2 has rejected, and say which places in it cannot be trusted.

    Args:
        wortel: as for `explain`.
        model: as for `explain`.
        waardetoets: as for `explain`.

    Returns:
        At least one finding; and the places, None when they are not known or too many to name.
    """
    lezer = _explain(wortel, model, waardetoets)
    bevindingen = lezer.result()
    if bevindingen:
        return bevindingen, lezer.places()
    return _as_libxml2_says(wortel, model), None


def _explain(wortel: etree._Element, model: Berichtmodel, waardetoets: Waardetoets) -> _Lezer:
    lezer = _Lezer(model, waardetoets)
    lezer.read_root(wortel)
    return lezer


def _as_libxml2_says(wortel: etree._Element, model: Berichtmodel) -> tuple[Bevinding, ...]:
    schema = compile_schema(model)  # its own copy: nobody else writes in the error log of this one
    schema.validate(wortel)
    log: Any = schema.error_log  # the stubs do not know that it can be iterated
    return tuple(
        Bevinding(
            "XSD", 1, f"/{ROOT}", regel.line, f"Het bericht voldoet hier niet aan het schema ({regel.type_name})."
        )
        for regel in log
    )


def line_of(knoop: Any) -> int:
    """Give the line of an element in its file, 0 when it has none."""
    return int(knoop.sourceline or 0)


class _Lezer:
    """Walks a tree beside the model and collects findings."""

    def __init__(self, model: Berichtmodel, waardetoets: Waardetoets) -> None:
        self._model = model
        self._waardetoets = waardetoets
        self._met_attributen = True
        self._met_losse_tekst = True
        self._gevonden: list[tuple[int, Bevinding]] = []
        self._meer = 0
        self._volgnummer = 0
        self._waarden: list[tuple[Element, str]] = []
        self._plekken: list[tuple[int, str, etree._Element]] = []
        self._fout = Foutplekken()
        self._heeft_wortel = True

    def result(self) -> tuple[Bevinding, ...]:
        """Give the findings in the order in which their elements stand in the bericht."""
        bevindingen = [bevinding for _, bevinding in sorted(self._gevonden, key=lambda paar: paar[0])]
        if self._meer:
            melding = f"Er zijn nog {self._meer} fouten die niet apart zijn uitgeschreven."
            bevindingen.append(Bevinding("XSD", 1, f"/{ROOT}", 0, melding))
        return tuple(bevindingen)

    def places(self) -> Foutplekken | None:
        """Give the places that cannot be trusted, None when the root is wrong or there are more than are told."""
        return self._fout if self._heeft_wortel and not self._meer else None

    def read_root(self, wortel: etree._Element) -> None:
        """Compare the root element, and then everything in it."""
        self._met_attributen = bool(_HAS_ATTRIBUTES(wortel))
        self._met_losse_tekst = bool(_HAS_LOOSE_TEXT(wortel))
        naamruimte, _, naam = str(wortel.tag).rpartition("}")
        if naam != ROOT or naamruimte != f"{{{self._model.soort.naamruimte}":
            plaats = f"/{printable(naam, 60)}"
            self._heeft_wortel = False
            self._add(
                plaats, wortel, f"Het hoofdelement heet {plaats[1:]}; verwacht wordt {ROOT} van {self._model.soort}."
            )
            return
        self._read(wortel, self._model.wortel, f"/{ROOT}", ROOT)
        self._judge_values()

    def _judge_values(self) -> None:
        """Judge the values that were met since the last time."""
        for nummer, facetten in self._waardetoets.wrong(self._waarden).items():
            if self._is_full():
                continue
            element, waarde = self._waarden[nummer]
            volgnummer, plaats, knoop = self._plekken[nummer]
            code = rule_of(self._model.soort, element, facetten)
            self._keep(volgnummer, plaats, knoop, complain(element, waarde, facetten), waarde=waarde, code=code)
            self._fout.waarden.add(plaats)
        self._waarden.clear()
        self._plekken.clear()

    def _is_full(self) -> bool:
        """Count a finding there is no room for; asked before its sentence is made, which is what takes time."""
        vol = len(self._gevonden) >= BEVINDINGEN_MAX
        self._meer += vol
        return vol

    def _add(self, plaats: str, knoop: etree._Element, melding: str, waarde: str | None = None) -> None:
        self._keep(self._volgnummer, plaats, knoop, melding, waarde=waarde)

    def _keep(
        self, volgnummer: int, plaats: str, knoop: etree._Element, melding: str, *, waarde: str | None, code: str = XSD
    ) -> None:
        waarde = waarde if waarde is None or len(waarde) <= _WAARDE_MAX else f"{waarde[:_WAARDE_MAX]}…"
        self._gevonden.append((volgnummer, Bevinding(code, 1, plaats, line_of(knoop), melding, waarde=waarde)))

    def _read(self, knoop: etree._Element, soort: Samengesteld, plaats: str, naam: str) -> None:
        self._volgnummer += 1
        self._check_attributes(knoop, plaats, naam)
        kinderen = list(knoop)
        self._check_loose_text(knoop, kinderen, plaats, naam)
        tags = [str(kind.tag) for kind in kinderen]
        gepaard, afwijkingen = compare(soort, tags)
        plaatsen = _places(plaats, tags, gepaard)
        per_kind: dict[int, list[Afwijking]] = {}
        for afwijking in afwijkingen:
            per_kind.setdefault(afwijking.kind, []).append(afwijking)
        ontbreekt = [afwijking.element for afwijking in per_kind.get(-1, ()) if afwijking.element]
        for gemist in ontbreekt:
            if self._is_full():
                continue
            self._add(plaats, knoop, _missing(gemist, soort, naam))
            self._fout.ontbreekt.add((plaats, gemist.naam))
        for nummer, (kind, element) in enumerate(zip(kinderen, gepaard, strict=True)):
            self._volgnummer += 1
            for afwijking in per_kind.get(nummer, ()):
                if self._is_full():
                    continue
                self._add(plaatsen[nummer], kind, _difference(afwijking, soort, naam, tags[nummer], ontbreekt))
                if afwijking.verschil in _STOORT:
                    self._fout.opbouw.add(plaats)
                    self._fout.weg.add(plaatsen[nummer])
            if element is None:
                continue
            if isinstance(element.type, Samengesteld):
                self._read(kind, element.type, plaatsen[nummer], element.naam)
            else:
                self._read_value(kind, element, plaatsen[nummer])

    def _read_value(self, knoop: etree._Element, element: Element, plaats: str) -> None:
        self._check_attributes(knoop, plaats, element.naam)
        if len(knoop):
            if self._is_full():
                return
            verwacht = describe_value(element)
            self._add(plaats, knoop, f"{element.naam} bevat andere elementen; verwacht wordt {verwacht}.")
            self._fout.weg.add(plaats)
            self._fout.opbouw.add(plaats.rpartition("/")[0])
            return
        self._waarden.append((element, knoop.text or ""))
        self._plekken.append((self._volgnummer, plaats, knoop))
        if len(self._waarden) >= _PARTIJ:
            self._judge_values()

    def _check_attributes(self, knoop: etree._Element, plaats: str, naam: str) -> None:
        if not self._met_attributen:
            return
        for attribuut, waarde in knoop.attrib.items():
            if attribuut not in _STILLE_ATTRIBUTEN and not self._is_full():
                kaal = printable(str(attribuut).rpartition("}")[2], 60)
                melding = f"{naam} heeft het attribuut {kaal}; een bericht heeft geen attributen."
                self._add(plaats, knoop, melding, str(waarde))

    def _check_loose_text(
        self, knoop: etree._Element, kinderen: Sequence[etree._Element], plaats: str, naam: str
    ) -> None:
        if kinderen and not self._met_losse_tekst:
            return
        teksten = [knoop.text, *(kind.tail for kind in kinderen)]
        los = next((tekst.strip(_WIT) for tekst in teksten if tekst and tekst.strip(_WIT)), None)
        if los is not None and not self._is_full():
            melding = f"In {naam} staat tekst buiten de elementen; daar mogen alleen elementen staan."
            self._add(plaats, knoop, melding, los)
            self._fout.opbouw |= {plaats, plaats.rpartition("/")[0] or plaats}


def _places(plaats: str, tags: Sequence[str], gepaard: Sequence[Element | None]) -> list[str]:
    """Give the path of each child, with its position where a sibling has the same name."""
    namen = [
        printable(tag.rpartition("}")[2], 60) if element is None else element.naam
        for tag, element in zip(tags, gepaard, strict=True)
    ]
    if len(set(namen)) == len(namen):
        return [f"{plaats}/{naam}" for naam in namen]
    aantallen = Counter(namen)
    geteld: Counter[str] = Counter()
    plaatsen = []
    for naam in namen:
        geteld[naam] += 1
        plaatsen.append(f"{plaats}/{naam}[{geteld[naam]}]" if aantallen[naam] > 1 else f"{plaats}/{naam}")
    return plaatsen


def _difference(afwijking: Afwijking, soort: Samengesteld, ouder: str, tag: str, ontbreekt: Sequence[Element]) -> str:
    naam = printable(tag.rpartition("}")[2], 60)
    match afwijking.verschil:
        case Verschil.NAAMRUIMTE:
            gevonden = "geen naamruimte" if not tag.startswith("{") else "een andere naamruimte"
            return f"{naam} heeft {gevonden}; verwacht wordt de naamruimte {soort.naamruimte}."
        case Verschil.TE_VAAK:
            return f"{naam} staat meer dan één keer in {ouder}; het mag er maar één keer staan."
        case Verschil.VOLGORDE if afwijking.element is not None:
            return (
                f"{naam} staat op de verkeerde plaats in {ouder}; {_whereabouts(afwijking.element, soort)}. "
                f"De volgorde is: {sum_up(soort.elementen)}."
            )
        case _:
            return _unexpected(naam, soort, ouder, ontbreekt)


def _unexpected(naam: str, soort: Samengesteld, ouder: str, ontbreekt: Sequence[Element]) -> str:
    thuis = [element.naam for element in soort.elementen if _holds(element, naam)]
    namen = [element.naam for element in (*ontbreekt, *soort.elementen)]
    gelijk = [bekend for bekend in namen if bekend.lower() == naam.lower()]
    lijkt = gelijk or difflib.get_close_matches(naam, namen, 1, 0.7)
    raad = f" Bedoelt u {lijkt[0]}?" if lijkt else ""
    if thuis:
        raad = f" Het hoort binnen {' of '.join(thuis)}."
    return f"{naam} hoort niet in {ouder}.{raad} Daar horen achtereenvolgens: {sum_up(soort.elementen)}."


def _holds(element: Element, naam: str) -> bool:
    return isinstance(element.type, Samengesteld) and any(deel.naam == naam for deel in element.type.elementen)


def _missing(element: Element, soort: Samengesteld, ouder: str) -> str:
    wat = f" ({describe_value(element)})" if isinstance(element.type, Logisch) else ""
    return f"{element.naam}{wat} ontbreekt in {ouder}; {_whereabouts(element, soort)}."


def _whereabouts(element: Element, soort: Samengesteld) -> str:
    plek = soort.elementen.index(element)
    if len(soort.elementen) == 1:
        return "het is het enige element dat daar hoort"
    if plek == 0:
        return f"het hoort vooraan, voor {soort.elementen[1].naam}"
    return f"het hoort na {soort.elementen[plek - 1].naam}"
