"""Looks up the types of a model file: logical types, composites and classes, from their written form."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from istandaarden import codelijsten
from istandaarden.model import (
    Basismodel,
    Element,
    Logisch,
    Logischsoort,
    Patroon,
    Samengesteld,
    Vorm,
    Xsdversie,
)
from istandaarden.modelbestand import Knoop
from istandaarden.notatie import Elementregel, Notatiefout, read_elements


@dataclass(frozen=True, slots=True)
class Reeks:
    """One row of berichten with a common prefix: ``WMO`` of iWmo."""

    naam: str
    standaard: str
    voorvoegsel: str
    titel: str

    def applies(self, beperking: str | None) -> bool:
        """Tell whether something marked ``@beperking`` belongs to this reeks."""
        return beperking is None or beperking in {self.naam, self.standaard}

    def choose(self, knoop: Knoop) -> Knoop:
        """Go to what holds for this reeks, where something may be written per reeks or per standaard."""
        if not isinstance(knoop.waarde, dict):
            return knoop
        return knoop.at(self.naam if self.naam in knoop.waarde else self.standaard)


def namespace(blad: Knoop, reeks: Reeks, bericht: str) -> str:
    """Fill in the namespace of a bericht (or ``basisschema``) of a reeks."""
    sjabloon = blad.at("naamruimte")
    tekst = sjabloon.text()
    if tekst.count("{standaard}") != 1 or tekst.count("{bericht}") != 1:
        raise sjabloon.fail("hier horen {standaard} en {bericht} elk een keer in te staan")
    return tekst.replace("{standaard}", reeks.standaard).replace("{bericht}", bericht)


def build_basis(blad: Knoop, reeks: Reeks) -> Basismodel:
    """Build what the berichten of one standaard share."""
    patronen = _read_patterns(blad)
    logisch: dict[str, Logisch] = {}
    for soortnaam, groep in blad.at("logisch").only(*Logischsoort).items():
        for naam, knoop in groep.items():
            if naam in logisch:
                raise knoop.fail("dit type staat er twee keer")
            logisch[naam] = _read_logical(
                blad, reeks, soort=Logischsoort(soortnaam), naam=naam, knoop=knoop, patronen=patronen
            )
    basis = Basismodel(
        standaard=reeks.standaard,
        release=blad.at("release").text(),
        naamruimte=namespace(blad, reeks, "basisschema"),
        composieten={},
        logisch=logisch,
        xsdversie=read_version(blad.at("xsdversie").at("basisschema")),
    )
    composieten: dict[str, Samengesteld] = {}
    opzoeker = Opzoeker(blad, reeks, naamruimte=basis.naamruimte, logisch=logisch, composieten=composieten, klassen={})
    for naam in dict(blad.at("composiet").items()):
        opzoeker.composite(naam)
    return dataclasses.replace(basis, composieten=composieten)


def _read_patterns(blad: Knoop) -> dict[str, Patroon]:
    patronen = {}
    for naam, knoop in blad.at("patronen").items():
        delen = knoop.texts()
        if len(delen) != 2:
            raise knoop.fail("hier horen twee teksten te staan: het patroon, en hetzelfde in woorden")
        patronen[naam] = Patroon(*delen)
    return patronen


def _read_logical(
    blad: Knoop, reeks: Reeks, *, soort: Logischsoort, naam: str, knoop: Knoop, patronen: Mapping[str, Patroon]
) -> Logisch:
    knoop.only("max", "patroon", "lijst", "leeg")
    patroonnaam = knoop.at("patroon").optional_text()
    if patroonnaam is not None and patroonnaam not in patronen:
        raise knoop.at("patroon").fail(f"onbekend patroon {patroonnaam}")
    lijst: str | None = None
    waarden: Mapping[str, str] = {}
    if soort is Logischsoort.CODE:
        keuze = reeks.choose(knoop.at("lijst"))
        lijst = keuze.text()
        waarden = _read_list(blad, reeks, keuze, lijst)
    maximaal = knoop.at("max").number() if soort is Logischsoort.GEHEEL else knoop.at("max").optional_number()
    patroon = patronen[patroonnaam] if patroonnaam else None
    return Logisch(naam, soort, maximaal, patroon, lijst, waarden, mag_leeg=knoop.at("leeg").flag())


def _read_list(blad: Knoop, reeks: Reeks, keuze: Knoop, lijst: str) -> Mapping[str, str]:
    """Give the codes of a list: those of codelijsten.csv, changed as `lijsten` says."""
    wijziging = blad.at("lijsten").at(lijst).only("zonder", "met")
    uitgave = f"{reeks.titel} {blad.at('codelijsten').text()}"
    try:
        waarden = dict(codelijsten.codes(uitgave, lijst))
    except codelijsten.Lijstfout as fout:
        if wijziging.waarde is None:
            raise keuze.fail(str(fout.args[0])) from None
        waarden = {}
    zonder = wijziging.at("zonder")
    for code in zonder.texts() if zonder.waarde is not None else ():
        if waarden.pop(code, None) is None:
            raise zonder.fail(f"code {code} staat niet in de lijst")
    for code, knoop in wijziging.at("met").items():
        waarden[code] = knoop.text()
    if not waarden:
        raise wijziging.fail("deze lijst heeft geen enkele code")
    return waarden


def check_lists(blad: Knoop) -> None:
    """Refuse a changed list that no type uses: most likely its name is wrong."""
    keuzes = [knoop.at("lijst") for _, knoop in blad.at("logisch").at("code").items()]
    gebruikt = {
        deel.waarde
        for keuze in keuzes
        for _, deel in (keuze.items() if isinstance(keuze.waarde, dict) else [("", keuze)])
    }
    for naam, knoop in blad.at("lijsten").items():
        if naam not in gebruikt:
            raise knoop.fail("geen enkel type gebruikt deze lijst")


def read_version(knoop: Knoop) -> Xsdversie | None:
    """Read ``1.2.0`` or ``1.2.0 [1.0.0..1.2.0]``; None when the key is absent."""
    tekst = knoop.optional_text()
    if tekst is None:
        return None
    versie, _, bereik = tekst.partition(" ")
    if not bereik:
        return Xsdversie(versie, versie, versie)
    minimaal, _, maximaal = bereik.strip("[]").partition("..")
    if not maximaal:
        raise knoop.fail('hier hoort "1.2.0" of "1.2.0 [1.0.0..1.2.0]" te staan')
    return Xsdversie(versie, minimaal, maximaal)


class Opzoeker:
    """Turns lists of elements into types; `klassen` are the classes of one bericht, empty for the basisschema."""

    def __init__(
        self,
        blad: Knoop,
        reeks: Reeks,
        *,
        naamruimte: str,
        logisch: Mapping[str, Logisch],
        composieten: dict[str, Samengesteld],
        klassen: Mapping[str, Knoop],
    ) -> None:
        self._blad, self._reeks, self._naamruimte = blad, reeks, naamruimte
        self._logisch, self._composieten, self._klassebron = logisch, composieten, klassen
        self._patronen = _read_patterns(blad)
        self._klassen: dict[str, Samengesteld] = {}
        self._bezig: list[str] = []
        self.staart: tuple[Elementregel, ...] = ()
        """Elements that every class gets at its end: RetourCodes, in a retour."""
        self.invulling: dict[str, str | None] = {}
        """What ``<van>``, ``<naar>``, ``{=code}``, ``{=versie}`` and ``{=subversie}`` stand for."""

    @property
    def used(self) -> frozenset[str]:
        """Names of the classes that were looked up."""
        return frozenset(self._klassen)

    def composite(self, naam: str) -> Samengesteld:
        """Look up a composite of the basisschema, building it when first needed."""
        if naam not in self._composieten:
            knoop = self._blad.at("composiet").at(naam)
            if naam in self._bezig:
                raise knoop.fail(f"{naam} bevat zichzelf")
            self._bezig.append(naam)
            elementen = self.elements(knoop, self.rules(knoop), in_composite=True)
            self._composieten[naam] = Samengesteld(naam, Vorm.COMPOSIET, self._naamruimte, elementen)
            self._bezig.pop()
        return self._composieten[naam]

    def rules(self, knoop: Knoop) -> tuple[Elementregel, ...]:
        """Read the list of elements at a place, without those of another reeks."""
        try:
            regels = read_elements(knoop.text())
        except Notatiefout as fout:
            raise knoop.fail(str(fout)) from None
        return tuple(regel for regel in regels if self._reeks.applies(regel.reeks))

    def elements(
        self, knoop: Knoop, regels: tuple[Elementregel, ...], *, in_composite: bool = False
    ) -> tuple[Element, ...]:
        """Look up the types of elements."""
        return tuple(self._elements(knoop, regels, in_composite))

    def _elements(self, knoop: Knoop, regels: tuple[Elementregel, ...], in_composite: bool) -> Iterator[Element]:  # noqa: FBT001 - internal
        for regel in regels:
            if regel.is_lijst and in_composite:
                raise knoop.fail(f"{regel.naam}: een composiet kan geen lijst bevatten")
            if regel.plaatshouder:
                soort = self.invulling.get(regel.plaatshouder)
                if soort is None:
                    continue
                yield Element(regel.naam, self._logisch_type(knoop, soort), regel.verplicht)
            elif regel.is_lijst:
                yield Element(regel.naam, self._list(knoop, regel), regel.verplicht)
            else:
                yield self._narrowed(knoop, regel)

    def _narrowed(self, knoop: Knoop, regel: Elementregel) -> Element:
        alias = self._blad.at("alias").at(regel.naam).optional_text()
        soort = self._type(knoop, regel.type or (regel.naam if regel.naam in self._klassebron else alias or regel.naam))
        patroon, vast = None, None
        if regel.vast:
            uitdrukking = self.invulling[regel.vast] or ""
            keuze = uitdrukking.split("|")
            patroon = Patroon(uitdrukking, f"precies {' of '.join(keuze)}")
            vast = uitdrukking if len(keuze) == 1 else None
        elif regel.patroon:
            patroon = self._patronen.get(regel.patroon)
            if patroon is None:
                raise knoop.fail(f"{regel.naam}: onbekend patroon {regel.patroon}")
        element = Element(regel.naam, soort, regel.verplicht, patroon=patroon, maximaal=regel.maximaal, vast=vast)
        if element.versmald and isinstance(soort, Samengesteld):
            raise knoop.fail(f"{regel.naam}: alleen een logisch type kan versmald worden")
        if isinstance(soort, Logisch) and element.maximaal is not None and soort.soort is not Logischsoort.GEHEEL:
            raise knoop.fail(f"{regel.naam}: alleen een geheel getal kan een kleiner maximum krijgen")
        return element

    def _list(self, knoop: Knoop, regel: Elementregel) -> Samengesteld:
        inhoud = regel.type or ""
        if regel.naam in self._klassebron:
            raise knoop.fail(f"{regel.naam} is zowel een lijst als een klasse")
        item = Element(inhoud, self._type(knoop, inhoud), herhaalbaar=True)
        lijst = Samengesteld(regel.naam, Vorm.LIJST, self._naamruimte, (item,))
        eerder = self._klassen.setdefault(regel.naam, lijst)
        eerste = eerder.elementen[0]
        if (eerste.naam, eerste.type) != (item.naam, item.type):
            raise knoop.fail(f"lijst {regel.naam} bevat elders iets anders")
        return eerder

    def _type(self, knoop: Knoop, naam: str) -> Samengesteld | Logisch:
        if naam in self._klassebron:
            return self._class(naam)
        composieten = self._blad.at("composiet").waarde or {}
        kaal, voorvoegsel = naam[4:], naam[:4]
        if voorvoegsel == "CDT_" and kaal in composieten:
            return self.composite(kaal)
        if voorvoegsel == "LDT_" and kaal in self._logisch:
            return self._logisch[kaal]
        if naam in composieten and naam in self._logisch:
            raise knoop.fail(f"type {naam} bestaat twee keer: schrijf CDT_{naam} of LDT_{naam}")
        if naam in composieten:
            return self.composite(naam)
        return self._logisch_type(knoop, naam)

    def _logisch_type(self, knoop: Knoop, naam: str) -> Logisch:
        if naam not in self._logisch:
            raise knoop.fail(f"onbekend type {naam}")
        return self._logisch[naam]

    def _class(self, naam: str) -> Samengesteld:
        if naam not in self._klassen:
            knoop = self._klassebron[naam]
            if naam in self._bezig:
                raise knoop.fail(f"{naam} bevat zichzelf")
            self._bezig.append(naam)
            elementen = self.elements(knoop, self.rules(knoop) + self.staart)
            self._klassen[naam] = Samengesteld(naam, Vorm.KLASSE, self._naamruimte, elementen)
            self._bezig.pop()
        return self._klassen[naam]
