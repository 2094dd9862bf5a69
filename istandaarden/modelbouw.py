"""Builds the model of a release from its file: looks up types, narrows to a reeks, derives the retours."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files

from istandaarden.model import Basismodel, Berichtmodel, Berichtsoort, Element, Samengesteld, Vorm, Xsdversie
from istandaarden.modelbestand import Knoop, read_file
from istandaarden.modeltypen import Opzoeker, Reeks, build_basis, check_lists, namespace, read_version
from istandaarden.regels.boek import rows

_SLEUTELS = (
    "release",
    "naamruimte",
    "versie",
    "subversie",
    "codelijsten",
    "lijsten",
    "reconstructie",
    "regels",
    "xsdversie",
    "reeksen",
    "partijen",
    "header",
    "retourheader",
    "retourcodes",
    "berichten",
    "alias",
    "composiet",
    "patronen",
    "logisch",
)


_BERICHTSLEUTELS = (
    "naam",
    "codes",
    "retour",
    "retourkop",
    "van",
    "naar",
    "kern",
    "header",
    "eigenheader",
    "klassen",
    "xsdversie",
)


def builtin_text(naam: str) -> str:
    """Give the text of a model file that comes with the package.

    Raises:
        KeyError: there is none under that name.
    """
    bron = files("istandaarden.modellen").joinpath(naam)
    if "/" in naam or not bron.is_file():
        raise KeyError(naam)
    return bron.read_text(encoding="utf-8")


def build_models(bestand: str, tekst: str, read_basis: Callable[[str], str] = builtin_text) -> tuple[Berichtmodel, ...]:
    """Read a model file and build every bericht in it.

    Args:
        bestand: name for error messages.
        tekst: the YAML; the notation is explained at the top of ``modellen/iwmo-ijw-3.2.yaml``.
        read_basis: gives the text of the file that the model names as its basis; raises KeyError when there is none.
            By default that is one of the files in `modellen`.

    Raises:
        istandaarden.modelbestand.Modelfout: what is wrong, with file, line and place.
    """
    blad = read_file(bestand, tekst, read_basis).only(*_SLEUTELS)
    check_lists(blad)
    modellen: list[Berichtmodel] = []
    bases: dict[str, Basismodel] = {}
    gebruikt: dict[str, set[str]] = {}
    for naam, knoop in blad.at("reeksen").items():
        knoop.only("standaard", "voorvoegsel", "titel")
        reeks = Reeks(naam, knoop.at("standaard").text(), knoop.at("voorvoegsel").text(), knoop.at("titel").text())
        if reeks.standaard not in bases:
            bases[reeks.standaard] = build_basis(blad, reeks)
        bouwer = _Bouwer(blad, reeks, bases[reeks.standaard])
        modellen += bouwer.build()
        for nummer, klassen in bouwer.gebruikt.items():
            gebruikt.setdefault(nummer, set()).update(klassen)
    if not modellen:
        raise blad.at("reeksen").fail("er is geen enkele reeks met berichten")
    for nummer, knoop in blad.at("berichten").items():
        for naam, klasse in knoop.at("klassen").items():
            if naam not in gebruikt.get(nummer, ()):
                raise klasse.fail("deze klasse wordt nergens gebruikt")
    return tuple(modellen)


class _Bouwer:
    """Builds the berichten of one reeks."""

    def __init__(self, blad: Knoop, reeks: Reeks, basis: Basismodel) -> None:
        self._blad, self._reeks, self._basis = blad, reeks, basis
        self.gebruikt: dict[str, set[str]] = {}
        """Per number the classes that were used."""

    def build(self) -> list[Berichtmodel]:
        """Build every bericht that has a code in this reeks, each followed by the retour derived from it."""
        berichten = self._blad.at("berichten")
        modellen = []
        beantwoordt = {
            knoop.at("retour").text(): nummer for nummer, knoop in berichten.items() if knoop.at("retour").waarde
        }
        for nummer, knoop in berichten.items():
            knoop.only(*_BERICHTSLEUTELS)
            reeksen = [naam for naam, _ in self._blad.at("reeksen").items()]
            codes = knoop.at("codes").only(*reeksen).at(self._reeks.naam)
            if codes.waarde is None:
                continue
            retour = knoop.at("retour").optional_text()
            afgeleid = retour is not None and berichten.at(retour).waarde is None
            if len(codes.texts()) != (2 if afgeleid else 1):
                raise codes.fail(
                    "hier hoort de eigen code te staan, en die van het retourbericht als dat wordt afgeleid"
                )
            retourkop = knoop.at("retourkop").flag()
            modellen.append(
                self._message(knoop, nummer, codes.texts()[0], beantwoordt.get(nummer), retour, retourkop=retourkop)
            )
            if retour is not None and afgeleid:
                modellen.append(self._message(knoop, retour, codes.texts()[1], nummer, None, afgeleid=True))
        return modellen

    def _message(
        self,
        knoop: Knoop,
        nummer: str,
        code: str,
        vraag: str | None,
        retour: str | None,
        *,
        afgeleid: bool = False,
        retourkop: bool = False,
    ) -> Berichtmodel:
        blad, reeks = self._blad, self._reeks
        (van, afzender_type), (naar, ontvanger_type) = (
            self._partij(reeks.choose(knoop.at(zijde))) for zijde in ("van", "naar")
        )
        is_retour = afgeleid or retourkop
        soort = Berichtsoort(
            code=f"{reeks.voorvoegsel}{nummer}",
            standaard=reeks.standaard,
            release=self._basis.release,
            berichtcode=code,
            naamruimte=namespace(blad, reeks, f"{reeks.voorvoegsel}{nummer}".lower()),
            is_retour=is_retour,
            antwoord_op=f"{reeks.voorvoegsel}{vraag}" if vraag else None,
            retour=f"{reeks.voorvoegsel}{retour}" if retour else None,
            afzender_type=afzender_type,
            ontvanger_type=ontvanger_type,
            versie=blad.at("versie").number(),
            subversie=blad.at("subversie").number(),
            naam=f"retour {knoop.at('naam').text()}" if afgeleid else knoop.at("naam").text(),
            titel=reeks.titel,
            van=naar if is_retour else van,
            naar=van if is_retour else naar,
            reconstructie=blad.at("reconstructie").flag(),
            regels=_rules(blad.at("regels")),
        )
        klassen = dict(knoop.at("klassen").items())
        opzoeker = Opzoeker(
            blad,
            reeks,
            naamruimte=soort.naamruimte,
            logisch=self._basis.logisch,
            composieten=dict(self._basis.composieten),
            klassen=klassen,
        )
        opzoeker.invulling = {
            "van": soort.afzender_type,
            "naar": soort.ontvanger_type,
            "code": code,
            "versie": str(soort.versie),
            "subversie": str(soort.subversie),
        }
        opzoeker.staart = opzoeker.rules(blad.at("retourcodes")) if afgeleid else ()
        model = Berichtmodel(
            soort=soort,
            basis=self._basis,
            wortel=self._root(knoop, opzoeker, soort, afgeleid=afgeleid),
            xsdversie=self._version(knoop, "bericht", afgeleid=afgeleid),
            basisversie=self._version(knoop, "basisschema", afgeleid=afgeleid),
        )
        self.gebruikt.setdefault(nummer, set()).update(opzoeker.used)
        return model

    def _partij(self, knoop: Knoop) -> tuple[str, str | None]:
        """Give a kind of partij, and its type in the header when it has one."""
        naam = knoop.text()
        soort = self._blad.at("partijen").at(naam).optional_text()
        if soort is None and not naam.isupper():
            raise knoop.fail(f"{naam} staat niet bij partijen en is ook geen code van een ketenpartij (hoofdletters)")
        return naam, soort

    def _root(self, knoop: Knoop, opzoeker: Opzoeker, soort: Berichtsoort, *, afgeleid: bool) -> Samengesteld:
        eigen = knoop.at("eigenheader")
        header = eigen if eigen.waarde is not None else self._blad.at("header")
        elementen = opzoeker.elements(header, opzoeker.rules(header))
        toevoeging = self._blad.at("retourheader") if afgeleid else knoop.at("header")
        if toevoeging.waarde is not None:
            elementen += opzoeker.elements(toevoeging, opzoeker.rules(toevoeging))
        kern = knoop.at("kern")
        inhoud = opzoeker.elements(kern, opzoeker.rules(kern))
        if afgeleid:
            inhoud = tuple(dataclasses.replace(element, verplicht=False) for element in inhoud)
        kop = Samengesteld("Header", Vorm.HEADER, soort.naamruimte, elementen)
        return Samengesteld("Root", Vorm.WORTEL, soort.naamruimte, (Element("Header", kop), *inhoud))

    def _version(self, knoop: Knoop, soort: str, *, afgeleid: bool) -> Xsdversie | None:
        algemeen, eigen = (
            plek.only("bericht", "basisschema").at(soort)
            for plek in (self._blad.at("xsdversie"), knoop.at("xsdversie"))
        )
        return read_version(algemeen if afgeleid or eigen.waarde is None else eigen)


def _rules(knoop: Knoop) -> str:
    """Read of which release the rules apply."""
    release = knoop.optional_text() or ""
    if release and release not in _with_rules():
        raise knoop.fail(f"van release {release} zijn er geen regels; wel van {', '.join(sorted(_with_rules()))}")
    return release


@lru_cache(maxsize=1)
def _with_rules() -> frozenset[str]:
    """Give the releases there are rules of."""
    return frozenset(uitgave for rij in rows() for uitgave in rij["release"].split(","))
