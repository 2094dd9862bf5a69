"""The payload against its schema and its envelope, for every standard; large ones in a process of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from release33 import NIEUW

from istandaarden.catalogus import ingebouwd
from istandaarden.kop import read_kop
from istandaarden.pakketinstallatie import install
from istandaarden.retour import build_retour
from istandaarden.standaardmap import VARIABELE, from_folder, in_gebruik
from istandaarden.voorbeeld import make_voorbeeld
from istandaarden.xsd import write_all
from routing.bericht import Aanlevering, Bestandsvorm, Envelop, Identiteit, Parameters, Stuurgegevens, Systeem
from routing.functies import functies, namen
from routing.payload import DREMPEL, Payload
from routing.route import Besluit
from routing.toetsing import Toetser


async def judge(code: str, release: str, data: bytes, zender: str, ontvanger: str) -> Besluit:
    """What checking the payload adds to a besluit, in an envelope between two organisaties."""
    functie = functies()[code, release]
    (berichtcode, *_) = sorted(functie.berichtcodes)
    sg = Stuurgegevens(
        berichtcode=berichtcode,
        zender=Systeem(zender, "App"),
        ontvanger=Systeem(ontvanger, "App"),
        referentienummer="9c0f7b90-5c69-41e5-a837-0800200c9a66",
        tijdstip="20260105120000",
        functie=code,
    )
    grote, kleine = release.split(".")
    parameters = Parameters("0001", "0000", grote.zfill(4), kleine.zfill(4), Bestandsvorm.XML)
    aanlevering = Aanlevering(
        envelop=Envelop(sg, parameters, None),
        payload=Payload(data),
        identiteit=Identiteit("1" * 20, "aa" * 32),
        kanaal="stuf",
        bevindingen=(),
    )
    besluit = Besluit()
    besluit.functie = functie
    await Toetser().judge(aanlevering, "B", besluit)
    return besluit


@pytest.mark.parametrize(
    ("code", "release", "heen"),
    [
        ("WMO303", "2.3", True),
        ("WMO304", "2.3", False),
        ("JW306", "2.3", False),
        ("WMO401", "1.0", True),
        ("WMO402", "1.0", False),
        ("WMO501", "2.1", True),
        ("WMO502", "2.1", False),
        ("JW507", "2.1", True),
        ("JW508", "2.1", False),
    ],
)
async def test_the_header_may_not_contradict_the_envelope(code: str, release: str, heen: bool):  # noqa: FBT001 - a table
    """Where a Header names one partij only, the other follows from the standard; a retour travels the other way."""
    data = make_voorbeeld(ingebouwd().find(code, release))
    kop, functie = read_kop([data]), functies()[code, release]
    vast = functie.van if functie.van.isupper() else functie.naar
    partijen = (kop.afzender or vast, kop.ontvanger or vast)
    zender, ontvanger = partijen if heen else partijen[::-1]

    goed = await judge(code, release, data, zender, ontvanger)
    assert goed.fout is None
    assert [stap.naam for stap in goed.stappen] == ["inhoud", "kop"]

    anders = {zender: "9999" if functie.van == "gemeente" else "99999999"}
    if zender != vast:
        fout = await judge(code, release, data, anders[zender], ontvanger)
    else:
        fout = await judge(code, release, data, zender, "9999")
    assert fout.fout is not None
    assert fout.fout.oorzaak == "kop_spreekt_envelop_tegen"


async def test_a_reconstruction_is_named_in_the_explanation():
    soort = ingebouwd().find("WMO501", "2.1")
    data = make_voorbeeld(soort)
    besluit = await judge("WMO501", "2.1", data, read_kop([data]).afzender or "", "VWS")
    assert besluit.stappen[0].uitleg.endswith("WMO501 2.1 (reconstructie).")


async def test_what_only_a_reconstruction_refuses_goes_to_vws_which_judges_itself():
    soort = ingebouwd().find("WMO501", "2.1")
    data = make_voorbeeld(soort)
    gemeente = read_kop([data]).afzender or ""
    besluit = await judge("WMO501", "2.1", data.replace(b"Budget>", b"Bugdet>"), gemeente, "VWS")
    assert besluit.fout is None
    assert [(stap.naam, stap.uitkomst) for stap in besluit.stappen] == [("inhoud", "let op"), ("kop", "ok")]
    assert "onze reconstructie van WMO501 2.1" in besluit.stappen[0].uitleg
    echt = data.replace(soort.naamruimte.encode(), b"http://www.istandaarden.nl/ipgb/2_1/iets-anders")
    assert (await judge("WMO501", "2.1", echt, gemeente, "VWS")).fout is None
    vreemd = await judge("WMO501", "2.1", data.replace(b"Budget>", b"Bugdet>"), "9999", "VWS")
    assert vreemd.fout is not None
    assert vreemd.fout.oorzaak == "kop_spreekt_envelop_tegen"


@pytest.mark.parametrize("data", [b"", b"<a>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"geen xml"])
async def test_a_reconstruction_is_no_excuse_for_what_is_no_xml(data: bytes):
    besluit = await judge("WMO501", "2.1", data, "0344", "VWS")
    assert besluit.fout is not None
    assert (besluit.fout.oorzaak, besluit.fout.code) == ("payload_ongeldig_ketenpartij", "IB001")


@pytest.fixture
def eigen_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    map_ = tmp_path / "eigen"
    map_.mkdir()
    monkeypatch.setenv(VARIABELE, str(map_))
    for onthouden in (functies, namen, from_folder):
        onthouden.cache_clear()
    yield map_
    for onthouden in (functies, namen, from_folder):
        onthouden.cache_clear()


async def test_an_official_package_decides_in_the_place_of_the_reconstruction(eigen_map: Path):
    bron = eigen_map.with_name("iPgb")
    bron.mkdir()
    for naam, tekst in write_all(ingebouwd().models()).items():
        if naam.startswith("ipgb/2.1/"):
            (bron / naam.rpartition("/")[2]).write_text(tekst)
    install(bron, eigen_map, {"ipgb"})
    data = make_voorbeeld(in_gebruik().find("WMO501", "2.1"))
    gemeente = read_kop([data]).afzender or ""
    goed = await judge("WMO501", "2.1", data, gemeente, "VWS")
    assert goed.stappen[0].uitleg.endswith("(pakket iPgb).")
    fout = await judge("WMO501", "2.1", data.replace(b"Budget>", b"Bugdet>"), gemeente, "VWS")
    assert fout.fout is not None
    assert fout.fout.oorzaak == "payload_ongeldig_ketenpartij"


async def test_the_schema_of_the_cak_is_the_published_one_and_refuses_with_the_code_of_the_cak():
    data = make_voorbeeld(ingebouwd().find("WMO401", "1.0"))
    besluit = await judge("WMO401", "1.0", data.replace(b"EbStartdatum>", b"EbBegin>"), "0344", "CAK")
    assert besluit.fout is not None
    assert (besluit.fout.code, besluit.fout.melder) == ("IB001", "CAK, VWS")
    assert besluit.fout.bevindingen


async def test_a_payload_of_another_release_is_refused():
    data = make_voorbeeld(ingebouwd().find("WMO301", "2.3"))
    besluit = await judge("WMO301", "3.2", data, "0363", "90000001")
    assert besluit.fout is not None
    assert "Dit is een WMO301 (iWmo 2.3); verwacht werd een WMO301 (iWmo 3.2)" in besluit.stappen[0].uitleg


async def test_a_large_payload_is_checked_by_the_same_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bron, map_ = tmp_path / "iwmo", tmp_path / "eigen"
    bron.mkdir()
    for naam, tekst in write_all(ingebouwd().models()).items():
        if naam.startswith("iwmo/2.3/"):
            (bron / naam.rpartition("/")[2]).write_text(tekst.replace('value="99999999"', 'value="99999998"'))
    install(bron, map_, {"iwmo"})
    shutil.rmtree(bron)
    monkeypatch.setenv(VARIABELE, str(map_))
    from_folder.cache_clear()
    data = make_voorbeeld(ingebouwd().find("WMO303", "2.3"), grootte=400)
    assert len(data) > DREMPEL
    kop = read_kop([data])
    goed = await judge("WMO303", "2.3", data, kop.afzender or "", kop.ontvanger or "")
    assert goed.fout is None
    assert goed.stappen[0].uitleg.endswith("(pakket iwmo).")
    begin = data.index(b">", data.index(b"GeleverdVolume>")) + 1
    fout = await judge(
        "WMO303", "2.3", data[:begin] + b"99999999" + data[data.index(b"<", begin) :], kop.afzender or "", "0363"
    )
    assert fout.fout is not None
    assert "(schema: pakket iwmo)" in fout.stappen[0].uitleg


@pytest.fixture
def map_33(eigen_map: Path) -> None:
    (eigen_map / "iwmo-ijw-3.3.yaml").write_text(NIEUW, encoding="utf-8")


@pytest.mark.usefixtures("map_33")
@pytest.mark.parametrize("grootte", [1, DREMPEL // 300])
async def test_a_release_that_is_only_a_file_is_checked_too(grootte: int):
    soort = in_gebruik().find("JW305", "3.3")
    data = make_voorbeeld(soort, grootte=grootte)
    kop = read_kop(iter([data]))
    goed = await judge("JW305", "3.3", data, kop.afzender or "", kop.ontvanger or "")
    assert goed.fout is None
    assert any("(modelbestand iwmo-ijw-3.3.yaml)" in stap.uitleg for stap in goed.stappen)
    fout = await judge("JW305", "3.3", data.replace(b"Toelichting>", b"Toelichtink>"), "42420001", "0384")
    assert fout.fout is not None
    oud = make_voorbeeld(ingebouwd().find("JW305", "3.2"))
    verkeerd = await judge("JW305", "3.3", oud, "42420001", "0384")
    assert "verwacht werd een JW305 (iJw 3.3)" in verkeerd.stappen[-1].uitleg


async def test_the_header_of_a_retour_may_name_the_gemeente_that_its_zender_succeeds() -> None:
    """A retour keeps the Header of its heenbericht; a heenbericht itself has to name the gemeente of its envelope."""
    heen = make_voorbeeld(ingebouwd().find("WMO305", "3.2"))
    aanbieder, gemeente = read_kop([heen]).afzender, read_kop([heen]).ontvanger
    assert aanbieder is not None
    assert gemeente is not None
    oud = heen.replace(f">{gemeente}<".encode(), b">0530<")
    retour = build_retour(oud, (), identificatie="1", dagtekening=date(2026, 1, 5))
    assert retour is not None
    assert read_kop([retour]).ontvanger == "0530"
    assert (await judge("WMO306", "3.2", retour, "1992", aanbieder)).fout is None
    assert (await judge("WMO306", "3.2", retour, "0363", aanbieder)).fout is not None
    assert (await judge("WMO305", "3.2", oud, aanbieder, "0530")).fout is None
    assert (await judge("WMO305", "3.2", oud, aanbieder, "1992")).fout is not None
