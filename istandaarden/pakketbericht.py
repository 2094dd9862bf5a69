"""The berichten of an installed package: what they are, and the schema and model that the package gives them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from lxml import etree

from istandaarden.model import Berichtmodel, Berichtsoort, Element, Samengesteld
from istandaarden.pakket import Pakket, Pakketfout
from istandaarden.pakketcontrole import NAAMRUIMTE
from istandaarden.pakketmodel import Modellezer, NietInModel
from istandaarden.pakketschema import closure, compile_schema

_PARTIJ = {"Gemeente": "gemeente", "AgbCode": "zorgaanbieder", "ZorgkantoorCode": "zorgkantoor"}


class Pakketbericht:
    """A bericht of which the schema comes from a package; `soort` is known at once, the rest is read when needed."""

    def __init__(self, pakket: Pakket, naamruimte: str, bestanden: Mapping[str, bytes], bekend: _Bekend) -> None:
        self.pakket = pakket
        self._pad = pakket.berichten[naamruimte]
        self.naamruimte, self._bestanden, self._bekend = naamruimte, bestanden, bekend

    @cached_property
    def soort(self) -> Berichtsoort:
        """The berichtsoort; what we know of it from elsewhere, else what the schema itself says."""
        eerder = self._bekend.per_naamruimte.get(self.naamruimte)
        if eerder is not None:
            return dataclasses.replace(eerder, reconstructie=False)
        return _derive(self.naamruimte, self._wortel, self._bekend)

    @cached_property
    def model(self) -> Berichtmodel | None:
        """The model that the schema says; None when a model cannot say it."""
        try:
            return None if self._lezer is None or self._wortel is None else self._lezer.model(self.soort, self._wortel)
        except NietInModel:
            return None

    def compile(self) -> etree.XMLSchema:
        """Compile the schema."""
        return compile_schema(self._bestanden, self._pad)

    @cached_property
    def _lezer(self) -> Modellezer | None:
        bomen = closure(self._bestanden, self._pad)
        try:
            return Modellezer(bomen.values(), bomen[self._pad], self._bekend.woorden)
        except NietInModel:
            return None

    @cached_property
    def _wortel(self) -> Samengesteld | None:
        try:
            return None if self._lezer is None else self._lezer.root()
        except NietInModel:
            return None


class _Bekend:
    """What the models at hand teach about berichten of a package."""

    def __init__(self, modellen: Iterable[Berichtmodel]) -> None:
        self.per_naamruimte: dict[str, Berichtsoort] = {}
        self.per_code: dict[tuple[str, str], Berichtsoort] = {}
        self.titels: dict[str, str] = {}
        self.woorden: dict[str, str] = {}
        for model in modellen:
            soort = model.soort
            self.per_naamruimte[soort.naamruimte] = soort
            self.titels[soort.standaard] = soort.titel
            eerder = self.per_code.get((soort.standaard, soort.code))
            if eerder is None or (eerder.versie, eerder.subversie) < (soort.versie, soort.subversie):
                self.per_code[soort.standaard, soort.code] = soort
            for logisch in model.basis.logisch.values():
                if logisch.patroon is not None:
                    self.woorden[logisch.patroon.uitdrukking] = logisch.patroon.woorden


def messages_of(pakketten: Iterable[Pakket], modellen: Iterable[Berichtmodel]) -> list[Pakketbericht]:
    """Give every bericht of packages, for `istandaarden.catalogus.Catalogus`.

    Args:
        pakketten: from `read_packages`.
        modellen: what is known without them: names, answers and Dutch words come from there.

    Raises:
        Pakketfout: a file is gone or changed.
    """
    bekend = _Bekend(modellen)
    berichten = []
    for pakket in pakketten:
        bestanden = pakket.read_files()
        berichten += [Pakketbericht(pakket, naamruimte, bestanden, bekend) for naamruimte in pakket.berichten]
    return berichten


def _derive(naamruimte: str, wortel: Samengesteld | None, bekend: _Bekend) -> Berichtsoort:
    """Say what a bericht of an unknown release is: as the newest we know of that name, with what its Header fixes."""
    vorm = NAAMRUIMTE.fullmatch(naamruimte)
    if vorm is None:
        raise Pakketfout(f"De naamruimte {naamruimte} is niet van iStandaarden.")
    standaard, code, release = vorm["standaard"], vorm["bericht"].upper(), vorm["release"].replace("_", ".")
    kop = _header(wortel)
    grote, kleine = (int(deel) for deel in release.split("."))
    vast = {naam: element.patroon.uitdrukking for naam, element in kop.items() if element.patroon}
    typen = [kop[naam].type.naam if naam in kop else None for naam in ("Afzender", "Ontvanger")]
    is_retour = "IdentificatieRetour" in kop
    velden: dict[str, Any] = {
        "release": release,
        "naamruimte": naamruimte,
        "versie": grote,
        "subversie": kleine,
        "reconstructie": False,
        "regels": "",  # what its rules are, no schema says
    }
    if "BerichtCode" in vast:
        velden["berichtcode"] = vast["BerichtCode"]
    eerder = bekend.per_code.get((standaard, code))
    if eerder is not None:
        return dataclasses.replace(eerder, **velden)
    van, naar = (_PARTIJ.get(soort or "", "") for soort in typen)
    return Berichtsoort(
        code=code,
        standaard=standaard,
        is_retour=is_retour,
        antwoord_op=None,
        retour=None,
        afzender_type=typen[0],
        ontvanger_type=typen[1],
        naam="bericht uit een pakket",
        titel=bekend.titels.get(standaard, standaard),
        van=naar if is_retour else van,
        naar=van if is_retour else naar,
        **({"berichtcode": ""} | velden),
    )


def _header(wortel: Samengesteld | None) -> dict[str, Element]:
    for element in wortel.elementen if wortel is not None else ():
        if element.naam == "Header" and isinstance(element.type, Samengesteld):
            return {deel.naam: deel for deel in element.type.elementen}
    return {}
