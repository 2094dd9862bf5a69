"""Official packages: installed whole or not at all, and then deciding the verdict."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from istandaarden.catalogus import Catalogus, Onbekend, ingebouwd
from istandaarden.pakket import LIJST, Pakketfout, read_packages
from istandaarden.pakketinstallatie import PakketGeweigerd, install, remove
from istandaarden.standaardmap import VARIABELE, Standaardfout, from_folder, in_gebruik
from istandaarden.toets import validate, validate_stream
from istandaarden.toetsproces import from_json, to_json
from istandaarden.voorbeeld import make_voorbeeld
from istandaarden.xsd import write_all

STANDAARDEN = {"iwmo", "ijw", "ieb", "ipgb"}
ONZE = write_all(ingebouwd().models())
STIJL = '<xsl:stylesheet version="{}" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">{}</xsl:stylesheet>'
Bestanden = dict[str, str]


def of(standaard: str, release: str) -> Bestanden:
    """Our own schemas of a release, as if they were published."""
    begin = f"{standaard}/{release}/"
    return {naam.removeprefix(begin): tekst for naam, tekst in ONZE.items() if naam.startswith(begin)}


@pytest.fixture
def bron(tmp_path: Path) -> Callable[[Bestanden], Path]:
    """Writes files in a folder to import from."""

    def write(bestanden: Bestanden, naam: str = "iEb 1.0") -> Path:
        for pad, tekst in bestanden.items():
            plek = tmp_path / "bron" / naam / pad
            plek.parent.mkdir(parents=True, exist_ok=True)
            plek.write_text(tekst, encoding="utf-8")
        return tmp_path / "bron" / naam

    return write


@pytest.fixture
def map_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the installed packages, in use."""
    plek = tmp_path / "standaarden"
    plek.mkdir()
    monkeypatch.setenv(VARIABELE, str(plek))
    return plek


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    from_folder.cache_clear()


def refused(bron: Path, map_: Path, **opties: object) -> list[str]:
    """Give the reasons, after a look whether nothing was left behind."""
    voor = sorted(map_.rglob("*"))
    with pytest.raises(PakketGeweigerd) as geweigerd:
        install(bron, map_, STANDAARDEN, **opties)  # type: ignore[arg-type]  # the test names them
    assert sorted(map_.rglob("*")) == voor
    return geweigerd.value.redenen


def test_a_package_decides_and_the_verdict_says_so(bron: Callable[..., Path], map_: Path):
    bestanden = of("ieb", "1.0")
    bestanden["basisschema.xsd"] = bestanden["basisschema.xsd"].replace('value="99999999"', 'value="500"')
    gedaan = install(bron(bestanden | {"leesmij.txt": "x"}), map_, STANDAARDEN)
    assert (gedaan.nieuw, gedaan.overgeslagen, gedaan.pakket.naam) == (True, 1, "iEb 1.0")
    assert not (map_ / "iEb 1.0" / "leesmij.txt").exists()

    soort = in_gebruik().find("WMO401", "1.0")
    assert soort == ingebouwd().find("WMO401", "1.0")
    wortel = etree.fromstring(make_voorbeeld(soort))
    start = next(wortel.iter("{*}EbStartdatum"))
    for oud in wortel.iter("{*}EbKostprijs"):
        oud.getparent().remove(oud)
    basis = ingebouwd().model(soort).basis.naamruimte
    kostprijs = etree.Element(f"{{{soort.naamruimte}}}EbKostprijs")
    start.addnext(kostprijs)
    etree.SubElement(kostprijs, f"{{{basis}}}KostprijsBedrag").text = "501"
    etree.SubElement(kostprijs, f"{{{basis}}}KostprijsStartdatum").text = "2025-01-01"
    data = etree.tostring(wortel)
    assert validate(data, catalogus=ingebouwd()).geldig

    oordeel = validate(data)
    assert (oordeel.geldig, oordeel.schema) == (False, "pakket iEb 1.0")
    (bevinding,) = oordeel.bevindingen
    assert bevinding.plaats == "/Bericht/Client/StartEigenBijdrage/EbKostprijs/KostprijsBedrag"
    assert bevinding.melding.startswith(
        "KostprijsBedrag is te groot; verwacht wordt een geheel getal van 0 tot en met 500"
    )
    assert validate_stream(lambda: iter([data])) == oordeel
    assert from_json(to_json(oordeel), in_gebruik()) == oordeel
    assert validate(data.replace(b">501<", b">500<")).geldig
    assert validate(make_voorbeeld(ingebouwd().find("WMO305", "3.2"))).schema == "ingebouwd"


def test_the_model_of_a_package_is_that_of_the_package(bron: Callable[..., Path], map_: Path):
    install(bron(of("iwmo", "2.3"), "wmo"), map_, STANDAARDEN)
    for soort in in_gebruik():
        if soort.release == "2.3" and soort.standaard == "iwmo":
            assert in_gebruik().herkomst(soort) == "pakket wmo"
            eigen, onze = in_gebruik().model(soort), ingebouwd().model(soort)
            assert eigen is not onze
            assert [klasse.xsdnaam for klasse in eigen.classes()] == [klasse.xsdnaam for klasse in onze.classes()]
            assert validate(make_voorbeeld(soort)).geldig


def test_a_release_that_we_do_not_know_may_come_as_a_package(bron: Callable[..., Path], map_: Path):
    nieuw = {
        pad: tekst.replace("/3_2/", "/4_0/").replace('<xs:pattern value="3"/>', '<xs:pattern value="4"/>')
        for pad, tekst in of("ijw", "3.2").items()
    }
    nieuw["JW399.xsd"] = nieuw["JW305.xsd"].replace("jw305", "jw399").replace('value="438"', 'value="999"')
    install(bron(nieuw, "iJw 4.0"), map_, STANDAARDEN)
    catalogus = in_gebruik()
    soort = catalogus.find("JW306", "4.0")
    assert (soort.is_retour, soort.antwoord_op, soort.berichtcode) == (True, "JW305", "439")
    assert (soort.versie, soort.subversie, soort.van, soort.naar) == (4, 0, "gemeente", "zorgaanbieder")
    assert soort.naam == "retour start levering"
    vreemd = catalogus.find("JW399")
    assert (vreemd.berichtcode, vreemd.van, vreemd.naar, vreemd.is_retour) == (
        "999",
        "zorgaanbieder",
        "gemeente",
        False,
    )
    assert (vreemd.titel, vreemd.afzender_type) == ("iJw", "AgbCode")
    data = make_voorbeeld(catalogus.find("JW305", "4.0"))
    assert validate(data).geldig
    oordeel = validate(data.replace(b">4</", b">3</", 1))
    assert [bevinding.plaats for bevinding in oordeel.bevindingen] == ["/Bericht/Header/BerichtVersie"]


def test_a_schema_that_no_model_can_say_is_explained_by_itself(bron: Callable[..., Path], map_: Path):
    nieuw = {pad: tekst.replace("/1_0/", "/5_0/") for pad, tekst in of("ieb", "1.0").items()}
    nieuw["WMO401.xsd"] = nieuw["WMO401.xsd"].replace(
        '<xs:element name="EbStartNummer" type="ieb:LDT_Nummer"/>',
        '<xs:choice><xs:element name="EbStartNummer" type="ieb:LDT_Nummer"/>'
        '<xs:element name="X" type="xs:string"/></xs:choice>',
    )
    install(bron(nieuw, "iEb 5.0"), map_, STANDAARDEN)
    catalogus = in_gebruik()
    soort = catalogus.find("WMO401", "5.0")
    assert catalogus.find_model(soort) is None
    with pytest.raises(Onbekend, match=r"alleen het schema bekend \(pakket iEb 5\.0\)"):
        catalogus.model(soort)
    goed = make_voorbeeld(catalogus.find("WMO401", "1.0")).replace(b"/1_0/", b"/5_0/")
    assert validate(goed).geldig
    wortel = etree.fromstring(goed)
    next(wortel.iter("{*}Bsn")).text = "12345"
    next(wortel.iter("{*}EbStartdatum")).text = "gisteren"
    next(wortel.iter("{*}StatusAanlevering")).text = "7"
    (xsd,) = wortel.iter("{*}XsdVersie")
    xsd.remove(xsd[0])
    oordeel = validate(etree.tostring(wortel))
    assert {(b.plaats.rpartition("/")[2], b.melding) for b in oordeel.bevindingen} >= {
        ("Bsn", "Bsn heeft een waarde die niet de juiste vorm heeft."),
        ("StatusAanlevering", "StatusAanlevering bevat geen bekende code."),
        ("BerichtXsdVersie", "BerichtXsdVersie hoort hier niet; verwacht wordt BasisschemaXsdVersie."),
    }
    assert oordeel.schema == "pakket iEb 5.0"


def test_the_same_again_changes_nothing_and_another_takes_its_place_only_when_told(
    bron: Callable[..., Path], map_: Path
):
    bestanden = of("ieb", "1.0")
    assert install(bron(bestanden), map_, STANDAARDEN).nieuw
    assert not install(bron(bestanden), map_, STANDAARDEN).nieuw
    anders = bron({"WMO401.xsd": bestanden["WMO401.xsd"] + " "})
    assert "vervang het met --vervang" in refused(anders, map_)[0]
    assert install(anders, map_, STANDAARDEN, vervang=True).nieuw
    (pakket,) = read_packages(map_)
    assert pakket.read_files()["WMO401.xsd"].endswith(b" ")
    assert refused(anders, map_, naam="nog een") == [
        "pakket iEb 1.0 beschrijft 4 van deze berichten al; verwijder het eerst"
    ]
    assert remove("iEb 1.0", map_)
    assert not remove("iEb 1.0", map_)
    assert not remove("..", map_)
    assert list(map_.iterdir()) == []


def test_a_zip_with_several_standards_in_folders(tmp_path: Path, map_: Path):
    pad = tmp_path / "alles.zip"
    with zipfile.ZipFile(pad, "w", zipfile.ZIP_DEFLATED) as archief:
        for naam, tekst in ONZE.items():
            archief.writestr(naam, tekst)
        archief.writestr("__MACOSX/iwmo/._WMO301.xsd", b"\0\5\x16\7")
    gedaan = install(pad, map_, STANDAARDEN)
    assert (gedaan.pakket.naam, len(gedaan.pakket.berichten), gedaan.overgeslagen) == ("alles", len(ingebouwd()), 1)
    assert {in_gebruik().herkomst(soort) for soort in in_gebruik()} == {"pakket alles"}
    assert not any(soort.reconstructie for soort in in_gebruik())


def test_stylesheets_that_check_no_bericht_are_kept_and_tried_but_not_run(bron: Callable[..., Path], map_: Path):
    gedaan = install(
        bron(
            of("ieb", "1.0")
            | {
                "xslt/hoofd.xslt": STIJL.format("1.0", '<xsl:import href="deel.xsl"/>'),
                "xslt/deel.xsl": STIJL.format("1.0", '<xsl:template match="/"><a/></xsl:template>'),
                "xslt/nieuw.xslt": STIJL.format("2.0", "<xsl:function name='x'/>"),
            }
        ),
        map_,
        STANDAARDEN,
    )
    assert sorted(gedaan.pakket.stijlen) == ["xslt/deel.xsl", "xslt/hoofd.xslt", "xslt/nieuw.xslt"]
    assert gedaan.pakket.te_nieuw == ("xslt/nieuw.xslt",)
    assert (map_ / "iEb 1.0" / "xslt" / "nieuw.xslt").is_file()


def test_what_was_tampered_with_is_not_used(bron: Callable[..., Path], map_: Path):
    install(bron(of("ieb", "1.0")), map_, STANDAARDEN)
    schema = map_ / "iEb 1.0" / "WMO401.xsd"
    tekst = schema.read_text()
    schema.write_text(tekst.replace('value="470"', 'value="471"'))
    with pytest.raises(Standaardfout, match=r"WMO401\.xsd is veranderd"):
        in_gebruik()
    schema.unlink()
    with pytest.raises(Standaardfout, match=r"WMO401\.xsd kan niet worden gelezen"):
        in_gebruik()
    schema.write_text(tekst)
    assert in_gebruik().find("WMO401").release == "1.0"


@pytest.mark.parametrize(
    "lijst", ["", "[]", "{", '{"naam": "x"}', '{"naam":1,"berichten":3,"stijlen":[],"te_nieuw":[],"digesten":{}}']
)
def test_a_folder_that_is_no_package_is_refused(map_: Path, lijst: str):
    (map_ / "x").mkdir()
    (map_ / "x" / LIJST).write_text(lijst)
    with pytest.raises(Pakketfout, match="geen bruikbaar pakket"):
        read_packages(map_)


def test_two_packages_for_one_bericht_are_refused(bron: Callable[..., Path], map_: Path):
    install(bron(of("ieb", "1.0")), map_, STANDAARDEN)
    lijst = json.loads((map_ / "iEb 1.0" / LIJST).read_text())
    (map_ / "b").mkdir()
    (map_ / "b" / LIJST).write_text(json.dumps(lijst | {"naam": "b", "digesten": {}}))
    with pytest.raises(Pakketfout, match="beschrijven allebei"):
        read_packages(map_)
    assert refused(bron({"basisschema.xsd": ""}), map_)


def test_nothing_is_left_when_writing_fails(bron: Callable[..., Path], map_: Path, monkeypatch: pytest.MonkeyPatch):
    install(bron(of("ieb", "1.0")), map_, STANDAARDEN)
    voor = {pad: pad.read_bytes() for pad in map_.rglob("*") if pad.is_file()}
    rename = Path.rename

    def fail(self: Path, doel: Path) -> Path:
        if doel.parent == map_ and self.name == "pakket":
            raise OSError(28, "No space left on device")
        return rename(self, doel)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="No space"):
        install(bron({"WMO401.xsd": of("ieb", "1.0")["WMO401.xsd"] + " "}), map_, STANDAARDEN, vervang=True)
    monkeypatch.undo()
    assert {pad: pad.read_bytes() for pad in map_.rglob("*") if pad.is_file()} == voor


def test_a_catalogue_without_packages_is_the_built_in_one(map_: Path):
    assert read_packages(map_ / "weg") == ()
    assert in_gebruik() is ingebouwd()
    assert isinstance(in_gebruik(), Catalogus)
