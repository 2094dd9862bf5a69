"""The retour of every published sample, at each level, against the published (or derived) schema of the retour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import ingebouwd
from istandaarden.model import Berichtsoort, Samengesteld, Vorm
from istandaarden.retour import build_retour
from istandaarden.toets import validate
from istandaarden.voorbeeld import make_voorbeeld

pytestmark = pytest.mark.corpus

CATALOGUS = ingebouwd()
HEEN = [soort for soort in CATALOGUS if soort.retour is not None and not soort.reconstructie]
each_heen = pytest.mark.parametrize("soort", HEEN, ids=str)


@cache
def schema(corpus: Path, standaard: str, release: str, code: str) -> etree.XMLSchema:
    plekken = (corpus / "xsd" / standaard / f"{release}{achter}" / f"{code}.xsd" for achter in ("", "-afgeleid"))
    return etree.XMLSchema(etree.parse(next(plek for plek in plekken if plek.is_file())))


def samples(corpus: Path, soort: Berichtsoort) -> Iterator[bytes]:
    """Valid published samples of a berichtsoort, and one of our own making."""
    yield make_voorbeeld(soort, grootte=2 if soort.code[-3:] not in {"319", "401", "403"} else 1)
    for plek in sorted((corpus / "berichten" / soort.standaard / soort.release).glob(f"{soort.code}*.xml")):
        data = plek.read_bytes()
        if validate(data).geldig:
            yield data


def places(element: etree._Element, soort: Samengesteld, plaats: str) -> Iterator[str]:
    """Every klasse of a bericht."""
    nummers: dict[str, int] = {}
    for kind in element:
        naam = etree.QName(kind).localname
        nummers[naam] = nummers.get(naam, 0) + 1
        deel = next(e for e in soort.elementen if e.naam == naam)
        if isinstance(deel.type, Samengesteld) and deel.type.vorm in {Vorm.KLASSE, Vorm.LIJST}:
            hier = f"{plaats}/{naam}[{nummers[naam]}]"
            if deel.type.vorm is Vorm.KLASSE:
                yield hier
            yield from places(kind, deel.type, hier)


@each_heen
def test_retours_of_samples_satisfy_the_published_schema_at_every_level(corpus: Path, soort: Berichtsoort) -> None:
    gepubliceerd = schema(corpus, soort.standaard, soort.release, str(soort.retour))
    model = CATALOGUS.model(soort)
    codes = [code for code in model.basis.logisch["RetourCode"].waarden if code not in {"0001", "0200", "0233", "8001"}]
    for heen in samples(corpus, soort):
        plaatsen = [
            "/Bericht/Header/BerichtIdentificatie",
            *places(etree.fromstring(heen), model.wortel, "/Bericht"),
        ]
        gevallen = [[], [Bevinding("TR101", 2, plaatsen[-1], 1, "Verzonnen.", "0001")]]
        gevallen += [[Bevinding("TR999", n, plaats, 1, "Verzonnen.", codes[0])] for plaats in plaatsen for n in (3, 4)]
        gevallen += [
            [Bevinding("TR999", 3, plaats, 1, "Verzonnen.", code) for plaats in plaatsen[1:] for code in codes[:3]]
        ]
        for bevindingen in gevallen:
            retour = build_retour(heen, bevindingen, identificatie="RT-1", dagtekening=date(2026, 4, 2))
            assert retour is not None
            gepubliceerd.assertValid(etree.fromstring(retour))
        fout = Bevinding("XSD", 1, plaatsen[-1], 1, "Verzonnen.")
        assert build_retour(heen, [fout], identificatie="RT-1", dagtekening=date(2026, 4, 2)) is None


@each_heen
def test_what_our_rules_find_in_samples_makes_a_retour_too(corpus: Path, soort: Berichtsoort) -> None:
    for heen in samples(corpus, soort):
        oordeel = validate(heen, niveau=2)
        retour = build_retour(heen, oordeel.bevindingen, identificatie="RT-1", dagtekening=date(2026, 4, 2))
        assert retour is not None
        schema(corpus, soort.standaard, soort.release, str(soort.retour)).assertValid(etree.fromstring(retour))
