"""The published schemas as packages: the same verdict as libxml2 alone, explained by a model read from the schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from istandaarden.catalogus import Catalogus, ingebouwd
from istandaarden.model import Berichtmodel, Logisch
from istandaarden.pakket import read_packages
from istandaarden.pakketbericht import messages_of
from istandaarden.pakketinstallatie import PakketGeweigerd, install
from istandaarden.toets import validate

pytestmark = pytest.mark.corpus

STANDAARDEN = {soort.standaard for soort in ingebouwd()}
MAPPEN = ["iwmo/3.2", "ijw/3.2", "iwmo/2.3", "ijw/2.3", "ieb/1.0"]
Key = tuple[str, str, str]
Damaged = Callable[[Berichtmodel, list[etree._Element], int, str], Iterator[tuple[str, etree._Element]]]
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


@pytest.fixture(scope="module")
def catalogus(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalogus:
    """Every published schema, installed."""
    map_ = tmp_path_factory.mktemp("standaarden")
    for naam in MAPPEN:
        install(corpus / "xsd" / naam, map_, STANDAARDEN, naam=naam.replace("/", "-"))
    modellen = ingebouwd().models()
    return Catalogus(modellen, messages_of(read_packages(map_), modellen))


def described(model: Berichtmodel) -> dict[str, Any]:
    """Everything a model says, apart from words for people and the names of lists."""
    gevonden: dict[str, Any] = {}
    for klasse in (*model.classes(), *model.basis.composieten.values()):
        gevonden[klasse.xsdnaam] = (
            klasse.vorm,
            klasse.naamruimte,
            [
                (e.naam, e.type.xsdnaam, e.aantal, e.patroon and e.patroon.uitdrukking, e.maximaal, e.vast)
                for e in klasse.elementen
            ],
        )
    for soort in model.basis.logisch.values():
        patroon = soort.patroon and soort.patroon.uitdrukking
        gevonden[soort.xsdnaam] = (soort.soort, soort.maximaal, patroon, sorted(soort.waarden), soort.mag_leeg)
    return gevonden


def test_the_model_read_from_a_published_schema_is_ours(catalogus: Catalogus):
    gelezen = [soort for soort in catalogus if catalogus.herkomst(soort).startswith("pakket ")]
    assert Counter((soort.standaard, soort.release) for soort in gelezen) == {
        ("iwmo", "3.2"): 7,
        ("ijw", "3.2"): 14,
        ("iwmo", "2.3"): 10,
        ("ijw", "2.3"): 10,
        ("ieb", "1.0"): 4,
    }
    for soort in gelezen:
        model = catalogus.model(soort)
        onze = ingebouwd().model(soort)
        assert model is not onze
        assert described(model) == described(onze), soort
        assert all(
            logisch.patroon is None or not logisch.patroon.woorden.startswith("van de vorm")
            for logisch in model.basis.logisch.values()
            if isinstance(logisch, Logisch)
        )


def test_same_verdict_as_the_published_schema_and_an_explanation_for_every_refusal(
    catalogus: Catalogus, published: dict[Key, Path], samples: dict[Key, list[etree._Element]], damaged: Damaged
):
    verdicts: Counter[bool] = Counter()
    for soort in catalogus:
        herkomst = catalogus.herkomst(soort)
        if not herkomst.startswith("pakket "):
            continue
        key = (soort.standaard, soort.release, soort.code)
        theirs = etree.XMLSchema(etree.parse(str(published[key])))
        for name, root in damaged(catalogus.model(soort), samples.get(key, []), 60, "pakket"):
            if any(f"{XSI}{attribuut}" in element.attrib for element in root.iter() for attribuut in ("type", "nil")):
                continue
            expected = theirs.validate(root)
            oordeel = validate(etree.tostring(root, with_tail=False), catalogus=catalogus)
            assert oordeel.geldig == expected, f"{name}\n{theirs.error_log}\n{oordeel.bevindingen}"
            verdicts[expected] += 1
            if oordeel.berichtsoort == soort:
                assert oordeel.schema == herkomst
    assert verdicts[True] > 500
    assert verdicts[False] > 500


@pytest.mark.parametrize("naam", ["ggk", "berichten", "extern"])
def test_other_published_material_is_no_package(corpus: Path, tmp_path: Path, naam: str):
    with pytest.raises(PakketGeweigerd):
        install(corpus / naam, tmp_path / "m", STANDAARDEN)
    assert not (tmp_path / "m").exists()
