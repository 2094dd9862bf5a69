"""Schemas: written with the versions of their files, compiled without disk or network, shared by threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from lxml import etree

from istandaarden import schema as schemamodule
from istandaarden.catalogus import ingebouwd
from istandaarden.modelbouw import build_models
from istandaarden.opbouw import build
from istandaarden.schema import Schemafout, Schemas, compile_schema, compile_text
from istandaarden.xsd import write_all, write_basis, write_message

CATALOGUS = ingebouwd()
WMO305 = CATALOGUS.model(CATALOGUS.find("WMO305", "3.2"))
X = "{http://www.w3.org/2001/XMLSchema}"


def test_every_standaard_and_release_gets_a_folder():
    bestanden = write_all(CATALOGUS.models())
    assert len([naam for naam in bestanden if "/3.2/" in naam]) == 30
    assert {"iwmo/3.2/basisschema.xsd", "iwmo/3.2/WMO305.xsd", "ijw/3.2/JW325.xsd"} <= set(bestanden)
    assert all(bestanden.values())


def test_annotations_tell_the_versions():
    schema = etree.fromstring(write_message(WMO305).encode())
    velden = {etree.QName(veld).localname: veld.text for veld in schema.find(f"{X}annotation/{X}appinfo")}
    assert velden == {
        "standaard": "iwmo",
        "bericht": "wmo305",
        "release": "3.2",
        "BerichtXsdVersie": "1.0.0",
        "BerichtXsdMinVersie": "1.0.0",
        "BerichtXsdMaxVersie": "1.0.0",
        "BasisschemaXsdVersie": "1.0.0",
        "BasisschemaXsdMinVersie": "1.0.0",
        "BasisschemaXsdMaxVersie": "1.0.0",
    }


def test_codes_carry_their_meaning():
    schema = etree.fromstring(write_basis(WMO305.basis).encode())
    geslacht = schema.find(f"{X}simpleType[@name='LDT_Geslacht']")
    assert geslacht is not None
    assert [code.findtext(f".//{X}documentation") for code in geslacht.iter(f"{X}enumeration")] == list(
        WMO305.basis.logisch["Geslacht"].waarden.values()
    )


def test_the_import_is_really_followed():
    """Libxml2 skips an import it cannot resolve without a word; a type from the basisschema would then not be known."""
    schema = compile_schema(WMO305)
    bericht = f'<Bericht xmlns="{WMO305.soort.naamruimte}"><Header><BerichtCode>999</BerichtCode></Header></Bericht>'
    assert not schema.validate(etree.fromstring(bericht))
    assert "facet 'pattern'" in str(schema.error_log)


def test_an_import_that_was_not_asked_for_is_a_failure():
    zonder = (
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a" type="xs:string"/></xs:schema>'
    )
    with pytest.raises(Schemafout, match="vraagt niet om basisschema"):
        compile_text(WMO305, zonder)


@pytest.mark.parametrize("plek", ["http://127.0.0.1:9/x.xsd", "file:///etc/passwd", "../x.xsd"])
def test_a_schema_can_import_nothing_else(plek: str):
    ander = write_message(WMO305).replace('schemaLocation="basisschema.xsd"', f'schemaLocation="{plek}"')
    with pytest.raises(Schemafout):
        compile_text(WMO305, ander)


def test_a_broken_pattern_is_reported_with_its_bericht():
    bron = 'release: "1"\nnaamruimte: "urn:{standaard}:{bericht}"\nversie: 1\nsubversie: 0\ncodelijsten: "3.2"\n'
    bron += "reeksen: {x: {standaard: x, voorvoegsel: X, titel: X}}\nheader: Code\n"
    bron += 'berichten: {"1": {naam: proef, codes: {x: ["1"]}, van: X, naar: X, kern: Code}}\n'
    bron += "patronen: {p: ['(', kapot]}\nlogisch: {tekst: {Code: {patroon: p}}}\n"
    (model,) = build_models("x.yaml", bron)
    with pytest.raises(Schemafout, match="X1"):
        compile_schema(model)


def test_a_schema_is_compiled_once_for_all_threads(monkeypatch: pytest.MonkeyPatch):
    gemaakt: list[str] = []

    def compile_and_count(model: object) -> etree.XMLSchema:
        gemaakt.append("x")
        return compile_schema(model)  # type: ignore[arg-type]  # it is what Schemas passes

    monkeypatch.setattr(schemamodule, "compile_schema", compile_and_count)
    schemas = Schemas()
    with ThreadPoolExecutor(8) as werkers:
        gevonden = list(werkers.map(lambda _: schemas.of(WMO305), range(64)))
    assert len(gemaakt) == 1
    assert len({id(schema) for schema in gevonden}) == 1


def test_threads_may_judge_with_one_schema():
    schema = CATALOGUS.schema(WMO305.soort)
    goed = etree.fromstring(build(WMO305.soort, {"Header": {}}))
    teksten = [etree.tostring(goed), b'<Bericht xmlns="urn:x"/>'] * 200
    with ThreadPoolExecutor(8) as werkers:
        uitkomsten = list(werkers.map(lambda tekst: schema.validate(etree.fromstring(tekst)), teksten))
    assert not any(uitkomsten)
