"""Reads the model of a bericht from its published schema, so that a package is explained as well as what is built in.

The schemas of iStandaarden use a small part of XML Schema: sequences of elements, and values narrowed by a few facets.
That part is read; a schema with anything else has no model, and then libxml2 explains.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from lxml import etree

from istandaarden.model import (
    ROOT,
    Basismodel,
    Berichtmodel,
    Berichtsoort,
    Element,
    Logisch,
    Logischsoort,
    Patroon,
    Samengesteld,
    Vorm,
    Xsdversie,
)
from istandaarden.pakketschema import SNELLER, XS

_SOORTEN = {
    "string": Logischsoort.TEKST,
    "integer": Logischsoort.GEHEEL,
    "date": Logischsoort.DATUM,
    "time": Logischsoort.TIJD,
}
_FACETTEN = {
    Logischsoort.TEKST: frozenset({"minLength", "maxLength", "pattern", "enumeration"}),
    Logischsoort.GEHEEL: frozenset({"minInclusive", "maxInclusive"}),
    Logischsoort.DATUM: frozenset({"pattern"}),
    Logischsoort.TIJD: frozenset({"pattern"}),
}


class NietInModel(ValueError):
    """The schema uses something that a model cannot say."""


class Modellezer:
    """Reads one bericht.

    Args:
        bomen: roots of its schema and of what that imports.
        bericht: root of its schema.
        woorden: Dutch words for patterns that are known.
    """

    def __init__(self, bomen: Iterable[etree._Element], bericht: etree._Element, woorden: Mapping[str, str]) -> None:
        self._bericht, self._woorden = bericht, woorden
        self._eigen = bericht.get("targetNamespace", "")
        self._typen: dict[str, etree._Element] = {}
        ruimten = set()
        for boom in bomen:
            ruimte = boom.get("targetNamespace", "")
            ruimten.add(ruimte)
            if (
                boom.get("elementFormDefault") != "qualified"
                or boom.get("attributeFormDefault", "unqualified")[0] != "u"
            ):
                raise NietInModel("elementFormDefault")
            for kind in boom.iterchildren(f"{XS}complexType", f"{XS}simpleType"):
                self._typen[f"{{{ruimte}}}{kind.get('name')}"] = kind
        if len(ruimten - {self._eigen}) != 1:
            raise NietInModel("a bericht has one basisschema")
        (self._basis,) = ruimten - {self._eigen}
        self._bomen = {boom.get("targetNamespace", ""): boom for boom in bomen}
        self._gelezen: dict[str, Samengesteld | Logisch] = {}
        self._bezig: set[str] = set()

    def root(self) -> Samengesteld:
        """Read the type of the root element; raises NietInModel."""
        for element in self._bericht.iterchildren(f"{XS}element"):
            if element.get("name") == ROOT and element.get("type"):
                wortel = self._type(element, "type")
                if isinstance(wortel, Samengesteld):
                    return Samengesteld(wortel.naam, Vorm.WORTEL, wortel.naamruimte, wortel.elementen)
        raise NietInModel("no root")

    def model(self, soort: Berichtsoort, wortel: Samengesteld) -> Berichtmodel:
        """Make the model of a bericht of which the root was read."""
        for naam in self._typen:
            if naam.startswith(f"{{{self._basis}}}"):
                self._named(naam)
        gelezen = [soort for naam, soort in self._gelezen.items() if naam.startswith(f"{{{self._basis}}}")]
        basis = Basismodel(
            standaard=soort.standaard,
            release=soort.release,
            naamruimte=self._basis,
            composieten={soort.naam: soort for soort in gelezen if isinstance(soort, Samengesteld)},
            logisch={soort.naam: soort for soort in gelezen if isinstance(soort, Logisch)},
            xsdversie=_version(self._bomen[self._basis], "Basisschema"),
        )
        return Berichtmodel(
            soort, basis, wortel, _version(self._bericht, "Bericht"), _version(self._bericht, "Basisschema")
        )

    def _type(self, element: etree._Element, attribuut: str) -> Samengesteld | Logisch:
        """Look up the type that an attribute names."""
        prefix, _, naam = element.get(attribuut, "").rpartition(":")
        return self._named(f"{{{element.nsmap.get(prefix or None, '')}}}{naam}")

    def _named(self, naam: str) -> Samengesteld | Logisch:
        if naam in self._gelezen:
            return self._gelezen[naam]
        bron = self._typen.get(naam)
        if bron is None or naam in self._bezig:
            raise NietInModel(naam)
        self._bezig.add(naam)
        ruimte, _, kaal = naam[1:].partition("}")
        soort = (
            self._complex(bron, ruimte, kaal) if bron.tag == f"{XS}complexType" else self._simple(bron, ruimte, kaal)
        )
        self._bezig.discard(naam)
        return self._gelezen.setdefault(naam, soort)

    def _complex(self, bron: etree._Element, ruimte: str, naam: str) -> Samengesteld:
        reeks = _one(_only(bron, "sequence", opties={"name"}))
        elementen = tuple(self._element(element) for element in _only(reeks, "element", opties=set()))
        if len({element.naam for element in elementen}) != len(elementen):
            raise NietInModel(naam)
        if ruimte == self._basis:
            return Samengesteld(_bare(naam, "CDT_"), Vorm.COMPOSIET, ruimte, elementen)
        vorm = Vorm.HEADER if naam == "Header" else Vorm.KLASSE
        if len(elementen) == 1 and elementen[0].herhaalbaar:
            vorm = Vorm.LIJST
        return Samengesteld(naam, vorm, ruimte, elementen)

    def _element(self, bron: etree._Element) -> Element:
        versmald = _only(bron, "simpleType", opties={"name", "type", "minOccurs", "maxOccurs"})
        laagste, hoogste = bron.get("minOccurs", "1"), bron.get("maxOccurs", "1")
        if laagste not in {"0", "1"} or hoogste not in {"1", "unbounded"} or len(versmald) > 1:
            raise NietInModel(bron.get("name", ""))
        verplicht, herhaalbaar, naam = laagste == "1", hoogste == "unbounded", bron.get("name", "")
        if not versmald:
            return Element(naam, self._type(bron, "type"), verplicht, herhaalbaar)
        beperking = _one(_only(versmald[0], "restriction", opties=set()))
        soort = self._type(beperking, "base")
        facetten = _facets(beperking)
        if not isinstance(soort, Logisch) or not facetten.keys() <= {"pattern", "maxInclusive"}:
            raise NietInModel(naam)
        patroon = self._pattern(facetten)
        vast = patroon.uitdrukking if patroon and re.fullmatch(r"\d+", patroon.uitdrukking) else None
        return Element(naam, soort, verplicht, herhaalbaar, patroon, _number(facetten, "maxInclusive"), vast)

    def _simple(self, bron: etree._Element, ruimte: str, naam: str) -> Logisch:
        if ruimte != self._basis:
            raise NietInModel(naam)
        beperking = _one(_only(bron, "restriction", opties={"name"}))
        prefix, _, basis = beperking.get("base", "").rpartition(":")
        soort = _SOORTEN.get(basis)
        facetten = _facets(beperking)
        if (
            soort is None
            or f"{{{beperking.nsmap.get(prefix or None)}}}" != XS
            or not facetten.keys() <= _FACETTEN[soort]
            or (soort is Logischsoort.GEHEEL and facetten.get("minInclusive") != ["0"])
        ):
            raise NietInModel(naam)
        kaal, patroon = _bare(naam, "LDT_"), self._pattern(facetten)
        if "enumeration" in facetten:
            if patroon is not None or "minLength" in facetten:
                raise NietInModel(naam)
            return Logisch(kaal, Logischsoort.CODE, _number(facetten, "maxLength"), None, naam, _codes(beperking))
        if facetten.get("minLength", ["1"]) != ["1"]:
            raise NietInModel(naam)
        hoogste = _number(facetten, "maxInclusive" if soort is Logischsoort.GEHEEL else "maxLength")
        leeg = soort is Logischsoort.TEKST and "minLength" not in facetten
        return Logisch(kaal, soort, hoogste, patroon, None, {}, leeg)

    def _pattern(self, facetten: Mapping[str, list[str]]) -> Patroon | None:
        if "pattern" not in facetten:
            return None
        (uitdrukking,) = facetten["pattern"]
        uitdrukking = SNELLER.get(uitdrukking, uitdrukking)
        if re.fullmatch(r"\w+(\|\w+)*", uitdrukking):
            return Patroon(uitdrukking, f"precies {uitdrukking.replace('|', ' of ')}")
        return Patroon(uitdrukking, self._woorden.get(uitdrukking, f"van de vorm {uitdrukking}"))


def _only(bron: etree._Element, soort: str, *, opties: set[str]) -> list[etree._Element]:
    """Give the children of one kind; anything but those and annotations, or an attribute not named, is unreadable."""
    kinderen = [kind for kind in bron if kind.tag != f"{XS}annotation"]
    if any(kind.tag != f"{XS}{soort}" for kind in kinderen) or (
        bron.tag != f"{XS}restriction" and not set(map(str, bron.attrib)) <= opties
    ):
        raise NietInModel(str(bron.tag))
    return kinderen


def _one(kinderen: list[etree._Element]) -> etree._Element:
    if len(kinderen) != 1:
        raise NietInModel("exactly one is needed here")
    return kinderen[0]


def _facets(beperking: etree._Element) -> dict[str, list[str]]:
    facetten: dict[str, list[str]] = {}
    for facet in beperking:
        if facet.tag != f"{XS}annotation":
            facetten.setdefault(etree.QName(facet).localname, []).append(facet.get("value", ""))
    if any(len(waarden) > 1 for naam, waarden in facetten.items() if naam != "enumeration"):
        raise NietInModel("a facet twice")
    return facetten


def _number(facetten: Mapping[str, list[str]], naam: str) -> int | None:
    if naam not in facetten:
        return None
    (waarde,) = facetten[naam]
    if not re.fullmatch(r"\d{1,18}", waarde):
        raise NietInModel(naam)
    return int(waarde)


def _codes(beperking: etree._Element) -> dict[str, str]:
    return {
        code.get("value", ""): " ".join("".join(_documentation(code)).split())
        for code in beperking.iterchildren(f"{XS}enumeration")
    }


def _documentation(knoop: etree._Element) -> Iterator[str]:
    for uitleg in knoop.iter(f"{XS}documentation"):
        yield uitleg.text or ""


def _bare(naam: str, voorvoegsel: str) -> str:
    if not naam.startswith(voorvoegsel):
        raise NietInModel(naam)
    return naam.removeprefix(voorvoegsel)


def _version(schema: etree._Element, soort: str) -> Xsdversie | None:
    velden = {
        etree.QName(veld).localname: veld.text or ""
        for info in schema.iterfind(f"{XS}annotation/{XS}appinfo")
        for veld in info
    }
    versie = velden.get(f"{soort}XsdVersie")
    if not versie:
        return None
    return Xsdversie(versie, velden.get(f"{soort}XsdMinVersie", versie), velden.get(f"{soort}XsdMaxVersie", versie))
