"""Packages that are refused: whole, with every reason, and without reading or writing anything elsewhere."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from istandaarden import pakketbron
from istandaarden.catalogus import ingebouwd
from istandaarden.pakket import Pakket
from istandaarden.pakketbron import read_source, resolve
from istandaarden.pakketinstallatie import PakketGeweigerd, install
from istandaarden.pakketproces import compile_apart
from istandaarden.xsd import write_all

STANDAARDEN = {"iwmo", "ijw", "ieb", "ipgb"}
ONZE = {
    naam.rpartition("/")[2]: tekst
    for naam, tekst in write_all(ingebouwd().models()).items()
    if naam.startswith("ieb/1.0/")
}
STIJL = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">{}</xsl:stylesheet>'
LEEG = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{}" elementFormDefault="qualified"/>'
IMPORT = 'schemaLocation="basisschema.xsd"'
Bestanden = dict[str, str]


@pytest.fixture
def redenen(tmp_path: Path) -> Callable[[Bestanden], str]:
    """Offers our own schemas with changes, and gives the reasons why they are refused."""

    def offer(wijziging: Bestanden, *, alleen: bool = False) -> str:
        bron, map_ = tmp_path / "pakket", tmp_path / "standaarden"
        for naam, tekst in (wijziging if alleen else ONZE | wijziging).items():
            (bron / naam).parent.mkdir(parents=True, exist_ok=True)
            (bron / naam).write_text(tekst, encoding="utf-8")
        with pytest.raises(PakketGeweigerd) as geweigerd:
            install(bron, map_, STANDAARDEN)
        assert not map_.exists() or list(map_.iterdir()) == []
        return "\n".join(geweigerd.value.redenen)

    return offer


@pytest.mark.parametrize(
    ("verwijzing", "reden"),
    [
        (
            'schemaLocation="http://127.0.0.1:9/basisschema.xsd"',
            "verwijst naar http://127.0.0.1:9/basisschema.xsd, buiten",
        ),
        ('schemaLocation="HTTPS://example.org/basisschema.xsd"', "buiten het pakket"),
        ('schemaLocation="file:///etc/passwd"', "buiten het pakket"),
        ('schemaLocation="/etc/passwd"', "buiten het pakket"),
        ('schemaLocation="../basisschema.xsd"', "buiten het pakket"),
        ('schemaLocation="a/../../basisschema.xsd"', "buiten het pakket"),
        (r'schemaLocation="..\basisschema.xsd"', "buiten het pakket"),
        ('schemaLocation="%2e%2e/basisschema.xsd"', "buiten het pakket"),
        ('schemaLocation="anders.xsd"', r"WMO401.xsd verwijst naar anders.xsd, dat niet in het pakket zit"),
        ('schemaLocation=""', "dat niet in het pakket zit"),
        ("", "zonder te zeggen welk bestand"),
        ('schemaLocation="WMO403.xsd"', "verwacht in WMO403.xsd de naamruimte"),
    ],
)
def test_an_import_that_leads_elsewhere(redenen: Callable[..., str], verwijzing: str, reden: str):
    assert reden in redenen({"WMO401.xsd": ONZE["WMO401.xsd"].replace(IMPORT, verwijzing)})


@pytest.mark.parametrize(
    ("inhoud", "reden"),
    [
        ('<xsl:import href="http://127.0.0.1:9/x.xsl"/>', "buiten het pakket"),
        ('<xsl:include href="file:///etc/passwd"/>', "buiten het pakket"),
        ('<xsl:include href="weg.xsl"/>', "dat niet in het pakket zit"),
        ('<xsl:template match="["/>', r"s.xslt kan niet worden gebruikt"),
        ("<xsl:nonsens/>", r"s.xslt kan niet worden gebruikt"),
    ],
)
def test_a_stylesheet_that_is_wrong_or_leads_elsewhere(redenen: Callable[..., str], inhoud: str, reden: str):
    assert reden in redenen({"s.xslt": STIJL.format(inhoud)})


@pytest.mark.parametrize(
    ("naam", "tekst", "reden"),
    [
        ("WMO401.xsd", "<!DOCTYPE x><x/>", "DOCTYPE"),
        ("WMO401.xsd", '<!DOCTYPE x [<!ENTITY a "aaa">]><x>&a;</x>', "DOCTYPE"),
        ("WMO401.xsd", "geen xml", "WMO401.xsd, regel 1"),
        ("WMO401.xsd", "", "WMO401.xsd"),
        ("WMO401.xsd", ONZE["WMO401.xsd"][:-40], "WMO401.xsd, regel"),
        ("WMO401.xsd", "<x/>", "WMO401.xsd is geen schema: het hoofdelement is x"),
        ("s.xslt", "<x/>", "s.xslt is geen stylesheet"),
        (
            "WMO401.xsd",
            ONZE["WMO401.xsd"].replace("ieb:LDT_Datum", "ieb:LDT_Dag"),
            "WMO401.xsd kan niet worden gebruikt",
        ),
        ("basisschema.xsd", ONZE["basisschema.xsd"].replace("[0-9]{9}", "[0-9"), "kan niet worden gebruikt"),
        ("dubbel.xsd", ONZE["WMO401.xsd"], "dubbel.xsd en WMO401.xsd beschrijven hetzelfde bericht"),
        ("WMO401.xsd", ONZE["WMO401.xsd"].replace('minOccurs="0"', 'maxOccurs="99999999"'), "is niet aannemelijk"),
        ("WMO401.xsd", ONZE["WMO401.xsd"].replace('minOccurs="0"', 'maxOccurs="veel"'), "is niet aannemelijk"),
        ("los.xsd", LEEG.format("urn:x").replace("/>", f"><xs:redefine {IMPORT}/></xs:schema>"), "xs:redefine"),
    ],
)
def test_a_file_that_is_wrong(redenen: Callable[..., str], naam: str, tekst: str, reden: str):
    assert reden in redenen({naam: tekst})


def test_every_reason_is_told_at_once(redenen: Callable[..., str]):
    gevonden = redenen(
        {
            "WMO401.xsd": "<!DOCTYPE x><x/>",
            "WMO402.xsd": ONZE["WMO402.xsd"].replace(IMPORT, 'schemaLocation="http://127.0.0.1/"'),
            "WMO403.xsd": "<x/>",
        }
    ).splitlines()
    assert len(gevonden) == 3


@pytest.mark.parametrize(
    "naamruimte",
    ["urn:x", "", "http://www.istandaarden.nl/iwlz/2_2/aw33/schema", "http://www.istandaarden.nl/iwmo/x/y"],
)
def test_no_bericht_of_a_standard_we_know(redenen: Callable[..., str], naamruimte: str):
    gevonden = redenen({"x.xsd": LEEG.format(naamruimte)}, alleen=True)
    assert "geen schema van een bericht van een bekende standaard (ieb, ijw, ipgb, iwmo)" in gevonden
    assert (naamruimte or "geen naamruimte") in gevonden


def test_a_basisschema_alone_is_no_package(redenen: Callable[..., str]):
    assert "geen schema van een bericht" in redenen({"basisschema.xsd": ONZE["basisschema.xsd"]}, alleen=True)


def test_a_folder_without_schemas_is_no_package(redenen: Callable[..., str]):
    assert "geen enkel schema" in redenen({"leesmij.txt": "x"}, alleen=True)


def test_compiling_that_never_ends_is_stopped(tmp_path: Path):
    """Forty groups that each hold the one before twice: libxml2 would write out 10 ** 12 elements."""
    groepen = '<xs:group name="g0"><xs:sequence><xs:element name="a"/></xs:sequence></xs:group>'
    for nummer in range(1, 40):
        vorige = f'<xs:group ref="wmo401:g{nummer - 1}"/>' * 2
        groepen += f'<xs:group name="g{nummer}"><xs:sequence>{vorige}</xs:sequence></xs:group>'
    bom = f'{groepen}<xs:complexType name="Bom"><xs:group ref="wmo401:g39"/></xs:complexType></xs:schema>'
    bestanden = ONZE | {"WMO401.xsd": ONZE["WMO401.xsd"].replace("</xs:schema>", bom)}
    for naam, tekst in bestanden.items():
        (tmp_path / naam).write_text(tekst)
    digesten = {naam: hashlib.sha256(tekst.encode()).hexdigest() for naam, tekst in bestanden.items()}
    pakket = Pakket("bom", tmp_path, {}, (), (), digesten)
    pakket.write_list()
    assert compile_apart(tmp_path, rekentijd=1) == [
        "het compileren van de schema's kost te veel geheugen of tijd, of loopt vast"
    ]


def zipped(pad: Path, bestanden: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(pad, "w", zipfile.ZIP_DEFLATED) as archief:
        for naam, inhoud in bestanden.items():
            archief.writestr(naam, inhoud)
    return pad


@pytest.mark.parametrize(
    "naam",
    [
        "../WMO401.xsd",
        "a/../../WMO401.xsd",
        "/etc/WMO401.xsd",
        "C:/WMO401.xsd",
        "..\\WMO401.xsd",
        "a//WMO401.xsd",
        "./WMO401.xsd",
        "\x1b[2J.xsd",
        "x" * 200 + ".xsd",
        "../leesmij.txt",
    ],
)
def test_a_zip_that_would_write_elsewhere(tmp_path: Path, naam: str):
    pad = zipped(tmp_path / "p.zip", {**ONZE, naam: ONZE["WMO401.xsd"]})
    (reden,) = read_source(pad).redenen
    assert "is geen naam binnen het pakket" in reden
    assert reden.isprintable()


def test_a_zip_that_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bom = zipped(tmp_path / "bom.zip", {**ONZE, "x.xsd": b" " * 40_000_000})
    assert bom.stat().st_size < 100_000
    assert "x.xsd is groter dan" in read_source(bom).redenen[0]
    veel = zipped(tmp_path / "veel.zip", {f"{nummer}.xsd": b" " * 1000 for nummer in range(50)})
    monkeypatch.setattr(pakketbron, "TOTAAL_MAX", 20_000)
    assert any("uitgepakt groter dan 20000 bytes" in reden for reden in read_source(veel).redenen)
    monkeypatch.setattr(pakketbron, "BESTANDEN_MAX", 10)
    assert any("meer dan 10 schema's" in reden for reden in read_source(veel).redenen)
    monkeypatch.setattr(pakketbron, "_INGANGEN_MAX", 10)
    assert read_source(veel).redenen == ["het ZIP-bestand bevat meer dan 10 bestanden"]


def test_a_zip_that_lies_about_its_size(tmp_path: Path):
    pad = zipped(tmp_path / "p.zip", {"x.xsd": b" " * 5_000_000})
    ruw = pad.read_bytes().replace((5_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    pad.write_bytes(ruw)
    assert read_source(pad).redenen


def test_a_zip_that_is_not_one(tmp_path: Path):
    goed = zipped(tmp_path / "p.zip", dict(ONZE))
    ruw = goed.read_bytes()
    for naam, inhoud in {"leeg.zip": b"", "half.zip": ruw[: len(ruw) // 2], "tekst.zip": b"x" * 100}.items():
        (tmp_path / naam).write_bytes(inhoud)
        assert "geen (leesbaar) ZIP-bestand" in read_source(tmp_path / naam).redenen[0]
    (tmp_path / "stuk.zip").write_bytes(ruw[:60] + b"\xff" * 40 + ruw[100:])
    assert "beschadigd" in read_source(tmp_path / "stuk.zip").redenen[0]
    assert "bestaat niet" in read_source(tmp_path / "weg.zip").redenen[0]


def test_odd_entries_in_a_zip(tmp_path: Path):
    pad = tmp_path / "p.zip"
    with zipfile.ZipFile(pad, "w") as archief:
        koppeling = zipfile.ZipInfo("k.xsd")
        koppeling.external_attr = (stat.S_IFLNK | 0o777) << 16
        archief.writestr(koppeling, "/etc/passwd")
        archief.writestr("A.xsd", "x")
        archief.writestr("a.XSD", "x")
        archief.writestr(zipfile.ZipInfo("b.xsd"), "x", compress_type=zipfile.ZIP_LZMA)
    assert read_source(pad).redenen == [
        "k.xsd is geen gewoon bestand",
        "a.XSD staat er twee keer in",
        "b.xsd is ingepakt op een manier die niet wordt gelezen; alleen gewoon ZIP (deflate) mag",
    ]
    versleuteld = pad.read_bytes().replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    pad.write_bytes(versleuteld)
    assert "A.xsd is met een wachtwoord beveiligd" in read_source(pad).redenen


def test_odd_entries_in_a_folder(tmp_path: Path):
    (tmp_path / "k.xsd").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pijp.xsd")
    assert read_source(tmp_path).redenen == ["k.xsd is een koppeling (symlink)", "pijp.xsd is geen gewoon bestand"]
    map_ = tmp_path / "m"
    map_.mkdir()
    (map_ / "verder").symlink_to("/etc")
    assert "verder is een koppeling" in read_source(map_).redenen[0]


@pytest.mark.parametrize("naam", ["..", ".", "", "a/b", "-x", ".verborgen", "x" * 100, "einde.", "a\nb"])
def test_a_name_that_cannot_be_a_folder(tmp_path: Path, naam: str):
    (tmp_path / "WMO401.xsd").write_text("x")
    with pytest.raises(PakketGeweigerd, match=r"geen naam van een pakket|WMO401"):
        install(tmp_path, tmp_path / "m", STANDAARDEN, naam=naam or "..")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("naam", "verwijzing", "pad"),
    [
        ("a/b.xsd", "c.xsd", "a/c.xsd"),
        ("a/b.xsd", "./c.xsd", "a/c.xsd"),
        ("a/b.xsd", "../c.xsd", "c.xsd"),
        ("b.xsd", "../c.xsd", None),
        ("b.xsd", "x:c.xsd", None),
        ("b.xsd", "//host/c.xsd", None),
    ],
)
def test_a_reference_is_followed_inside_the_package(naam: str, verwijzing: str, pad: str | None):
    assert resolve(naam, verwijzing) == pad
