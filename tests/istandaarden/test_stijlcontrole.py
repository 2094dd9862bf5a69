"""The stylesheet of a package as the check of level 2: found, tried out, run apart, and put into our words."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import stijlpakket
from lxml import etree
from stijlpakket import BASIS, WMO305, R, fout, on, stijl

from istandaarden import stijlcontrole
from istandaarden.bevinding import Bevinding
from istandaarden.bulktoets import judge_bytes
from istandaarden.catalogus import ingebouwd
from istandaarden.pakket import LIJST, Pakket, read_packages
from istandaarden.pakketinstallatie import PakketGeweigerd
from istandaarden.regels.boek import regels
from istandaarden.standaardmap import VARIABELE, from_folder, in_gebruik
from istandaarden.stijlrapport import FOUTEN_MAX, ControleAfgebroken, faults
from istandaarden.toets import validate, validate_stream
from istandaarden.voorbeeld import make_voorbeeld


@pytest.fixture
def map_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    plek = tmp_path / "standaarden"
    plek.mkdir()
    monkeypatch.setenv(VARIABELE, str(plek))
    from_folder.cache_clear()
    return plek


@pytest.fixture
def installeer(tmp_path: Path, map_: Path) -> Callable[..., Pakket]:
    """Installs our own schemas of iWmo 3.2 with stylesheets."""
    return lambda bestanden: stijlpakket.installeer(tmp_path / "bron" / "iWmo", map_, bestanden)


def check_305(installeer: Callable[..., Pakket], sjablonen: str) -> Pakket:
    return installeer({"xslt/WMO305.xsl": stijl(sjablonen), "xslt/basis.xsl": BASIS})


EERSTE = "'/Bericht/Client/StartProducten/StartProduct[2]/Begindatum'"
TWEEDE = "'/m:Bericht[1]/m:Client/m:StartProducten/m:StartProduct[1]'"


def test_the_stylesheet_decides_level_2_and_the_verdict_says_so(installeer: Callable[..., Pakket]):
    pakket = check_305(
        installeer,
        on("m:StartProducten", fout("TR101", EERSTE, TWEEDE, details="concat('BSN ', //m:Bsn)"))
        + on("m:Client", fout("XX999", "'/Bericht/Client'", retourcode="9001") + fout("CS002", "'/Bericht/Nergens'")),
    )
    assert pakket.controles == {WMO305.naamruimte: "xslt/WMO305.xsl"}
    data = make_voorbeeld(WMO305, grootte=2)
    assert validate(data, catalogus=ingebouwd(), niveau=2).geldig

    oordeel = validate(data, niveau=2)
    assert (oordeel.geldig, oordeel.schema) == (False, "pakket iWmo")
    assert oordeel.regels == "stylesheet xslt/WMO305.xsl van pakket iWmo"
    client, dubbel, nergens = oordeel.bevindingen
    tr101, cs002 = regels()["TR101", "iwmo"], regels()["CS002", "iwmo"]
    plaats = "/Bericht/Client/StartProducten/StartProduct"
    bsn = etree.fromstring(data).findtext(".//{*}Bsn")
    assert (dubbel.code, dubbel.niveau, dubbel.retourcode) == ("TR101", 2, tr101.retourcode)
    assert dubbel.plaats == f"{plaats}[2]/Begindatum"
    assert data.splitlines()[dubbel.regel - 1].strip().startswith(b"<wmo305:Begindatum>")
    assert dubbel.melding == f"{tr101.stelling} {tr101.advies} Zie ook {plaats}[1]."
    assert dubbel.waarde == f"BSN {bsn}"
    assert (client.code, client.retourcode, client.plaats) == ("XX999", "9001", "/Bericht/Client")
    assert client.melding == "De controle van pakket iWmo keurt dit af met code XX999."
    assert nergens == Bevinding("CS002", 2, "/Bericht", 0, f"{cs002.stelling} {cs002.advies}", "0001", None)

    assert validate_stream(lambda: iter([data]), niveau=2) == oordeel
    assert judge_bytes("x", data, niveau=2).regels == oordeel.regels
    assert validate(data).regels == ""
    ander = validate(make_voorbeeld(ingebouwd().find("WMO307", "3.2"), fout="TR101"), niveau=2)
    assert ([b.code for b in ander.bevindingen], ander.regels) == (["TR101"], "ingebouwd")


def test_what_our_rules_refuse_and_the_stylesheet_does_not_is_valid(installeer: Callable[..., Pakket]):
    check_305(installeer, "")
    for code in ("TR101", "CS002", "CS058"):
        data = make_voorbeeld(WMO305, fout=code)
        assert not validate(data, niveau=2, catalogus=ingebouwd()).geldig
        assert validate(data, niveau=2).geldig
    fout_1 = validate(make_voorbeeld(WMO305, fout="RS037"), niveau=2)
    assert ([b.code for b in fout_1.bevindingen], fout_1.regels) == (["RS037"], "ingebouwd")


VERSIE = (
    '<xsl:variable name="versionInfo"><r:XSLTHeader><r:Standaard>{}</r:Standaard><r:StandaardRelease>{}'
    "</r:StandaardRelease></r:XSLTHeader></xsl:variable>"
)


@pytest.mark.parametrize(
    ("bestanden", "pad"),
    [
        ({"WMO305.xslt": stijl("")}, "WMO305.xslt"),
        ({"wmo305.XSL": stijl("")}, "wmo305.XSL"),
        ({"iwmo/3_2/WMO305.xsl": stijl("").replace("basis", "../../basis")}, "iwmo/3_2/WMO305.xsl"),
        ({"WMO305.xsl": stijl("", VERSIE.format("iwmo", "3.2"))}, "WMO305.xsl"),
        ({"WMO305.xsl": stijl("", VERSIE.format("iwmo", "3.0"))}, None),
        ({"WMO305.xsl": stijl("", VERSIE.format("ijw", "3.2"))}, None),
        ({"iwmo/2_3/WMO305.xsl": stijl("").replace("basis", "../../basis")}, None),
        ({"alles.xsl": stijl("")}, None),  # of which bericht would that be
        ({"WMO305.xsl": stijl("").replace('<xsl:import href="basis.xsl"/>', "")}, None),  # writes no Rapport
        ({"WMO305.xsl": stijl("").replace('version="1.0"', 'version="2.0"')}, None),  # libxslt knows only 1.0
        ({"WMO999.xsl": stijl("")}, None),
    ],
)
def test_which_stylesheet_is_a_check(installeer: Callable[..., Pakket], bestanden: dict[str, str], pad: str | None):
    pakket = installeer(bestanden | {"basis.xsl": BASIS})
    assert pakket.controles == ({} if pad is None else {WMO305.naamruimte: pad})
    assert read_packages(pakket.map.parent) == (pakket,)
    fout_2 = validate(make_voorbeeld(WMO305, fout="CS058"), niveau=2)
    assert fout_2.geldig is (pad is not None)
    assert fout_2.regels == ("ingebouwd" if pad is None else f"stylesheet {pad} van pakket iWmo")


@pytest.mark.parametrize(
    ("bestanden", "reden"),
    [
        (
            {"a/WMO305.xsl": BASIS, "b/WMO305.xsl": BASIS},
            f"a/WMO305.xsl en b/WMO305.xsl controleren hetzelfde bericht ({WMO305.naamruimte})",
        ),
        (
            {"WMO305.xsl": BASIS.replace("match=\"*[local-name()='Bericht']\"", 'name="nooit"')},
            "WMO305.xsl geeft van een bericht geen Rapport",
        ),
        (
            {"WMO305.xsl": BASIS.replace('mode="check"/></r:F', 'mode="check"/><xsl:call-template name="x"/></r:F')},
            "WMO305.xsl kan niet worden gebruikt",
        ),
        (
            {"WMO305.xsl": BASIS.replace("<r:Rapport>", "<r:Rapport><xsl:copy-of select=\"document('/a.xml')\"/>")},
            "WMO305.xsl kan niet worden gebruikt",
        ),
        (
            {"WMO305.xsl": BASIS.replace("<r:Rapport>", '<r:Rapport><xsl:apply-templates select="." mode="lus"/>')
            .replace("</xsl:stylesheet>", '<xsl:template match="*" mode="lus"><xsl:apply-templates select="." '
            'mode="lus"/></xsl:template></xsl:stylesheet>')},
            "WMO305.xsl kan niet worden gebruikt",
        ),
    ],
)  # fmt: skip
def test_a_check_that_does_not_work_refuses_the_package(
    installeer: Callable[..., Pakket], map_: Path, bestanden: dict[str, str], reden: str
):
    with pytest.raises(PakketGeweigerd) as geweigerd:
        installeer(bestanden)
    assert any(deel.startswith(reden) for deel in geweigerd.value.redenen), geweigerd.value.redenen
    assert list(map_.iterdir()) == []


@pytest.mark.parametrize(
    "kwaad",
    [
        "<xsl:copy-of select=\"document('{0}')\"/>",
        "<xsl:copy-of select=\"document('file://{0}')\"/>",
        "<xsl:copy-of select=\"document('http://127.0.0.1:9/x')\"/>",
        '<e:document href="{1}" xmlns:e="http://exslt.org/common" xsl:extension-element-prefixes="e">x</e:document>',
        '<s:write href="{1}" xmlns:s="http://icl.com/saxon">x</s:write>',
    ],
)
def test_a_check_reads_and_writes_nothing(installeer: Callable[..., Pakket], tmp_path: Path, kwaad: str):
    """Only for a bericht with a Client, so that the trial at installation does not notice it."""
    (tmp_path / "geheim.xml").write_text("<x>geheim</x>")
    doel = kwaad.format(tmp_path / "geheim.xml", tmp_path / "geschreven.xml")
    check_305(installeer, on("m:Client", f"<r:Fout><r:Code>{doel}</r:Code></r:Fout>"))
    oordeel = validate(make_voorbeeld(WMO305), niveau=2)
    assert not (tmp_path / "geschreven.xml").exists()
    assert "geheim" not in repr(oordeel.bevindingen)
    assert oordeel.bevindingen or oordeel.regels.startswith("ingebouwd, want stylesheet xslt/WMO305.xsl")


@pytest.mark.parametrize(
    "vorm",
    [
        '<xsl:apply-templates select="." mode="check"/>',  # without end
        '<xsl:message terminate="yes">op</xsl:message>',
    ],
)
def test_without_a_verdict_our_own_rules_are_used_and_that_is_said(installeer: Callable[..., Pakket], vorm: str):
    check_305(installeer, on("m:Client", vorm))
    oordeel = validate(make_voorbeeld(WMO305, fout="TR101"), niveau=2)
    assert [b.code for b in oordeel.bevindingen] == ["TR101"]
    assert oordeel.regels == "ingebouwd, want stylesheet xslt/WMO305.xsl van pakket iWmo gaf geen oordeel"


def test_a_check_that_takes_too_long_is_stopped(installeer: Callable[..., Pakket], monkeypatch: pytest.MonkeyPatch):
    keer = "".join(f'<xsl:for-each select="//*"><xsl:if test="count(//*) = {n}">x</xsl:if>' for n in range(9))
    check_305(installeer, on("m:Client", keer + "</xsl:for-each>" * 9))
    monkeypatch.setattr(stijlcontrole, "_WACHTTIJD", 1.5)
    # it would go on for days
    assert validate(make_voorbeeld(WMO305, grootte=30), niveau=2).regels.startswith("ingebouwd, want")


@pytest.fixture
def eindigt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[signal.Signals], None]:
    """Lets the process of every check end by a signal."""

    def end_by(teken: signal.Signals) -> None:
        programma = tmp_path / "python"
        programma.write_text(f"#!/bin/sh\nkill -{teken.name.removeprefix('SIG')} $$\n")
        programma.chmod(0o700)
        monkeypatch.setattr(stijlcontrole.sys, "executable", str(programma))

    return end_by


@pytest.mark.parametrize("teken", [signal.SIGTERM, signal.SIGKILL])
def test_a_check_that_somebody_stopped_is_no_reason_to_judge_by_our_own_rules(
    installeer: Callable[..., Pakket], eindigt: Callable[[signal.Signals], None], teken: signal.Signals
):
    check_305(installeer, "")
    data = make_voorbeeld(WMO305)
    catalogus = in_gebruik()
    eindigt(teken)
    with pytest.raises(ControleAfgebroken):
        validate(data, niveau=2, catalogus=catalogus)
    uitslag = judge_bytes("x", data, niveau=2)
    assert (uitslag.geldig, uitslag.bevindingen[0].code) == (None, "BESTAND")


@pytest.mark.parametrize("teken", [signal.SIGXCPU, signal.SIGSEGV])
def test_a_check_that_ends_itself_will_do_so_again_and_our_own_rules_are_used(
    installeer: Callable[..., Pakket], eindigt: Callable[[signal.Signals], None], teken: signal.Signals
):
    check_305(installeer, "")
    catalogus = in_gebruik()
    eindigt(teken)
    assert validate(make_voorbeeld(WMO305), niveau=2, catalogus=catalogus).regels.startswith("ingebouwd, want")


def test_a_check_that_computes_too_long_ends_itself(installeer: Callable[..., Pakket]):
    keer = "".join(f'<xsl:for-each select="//*"><xsl:if test="count(//*) = {n}">x</xsl:if>' for n in range(9))
    pakket = check_305(installeer, on("m:Client", keer + "</xsl:for-each>" * 9))
    programma = "from istandaarden import stijlproces; stijlproces._REKENTIJD = 2; stijlproces.main()"
    proces = subprocess.run(
        [sys.executable, "-c", programma, str(pakket.map), WMO305.naamruimte],
        input=make_voorbeeld(WMO305, grootte=30),
        check=False,
    )
    assert proces.returncode == -signal.SIGXCPU


def test_a_package_that_was_changed_gives_no_verdict(installeer: Callable[..., Pakket]):
    pakket = check_305(installeer, "")
    catalogus = in_gebruik()
    (pakket.map / "xslt" / "basis.xsl").write_text(BASIS.replace("Rapport", "Iets"))
    assert validate(make_voorbeeld(WMO305), niveau=2, catalogus=catalogus).regels.startswith("ingebouwd, want")


def test_a_list_of_before_there_were_checks_is_read(installeer: Callable[..., Pakket]):
    pakket = check_305(installeer, "")
    lijst = json.loads((pakket.map / LIJST).read_text())
    del lijst["controles"]
    (pakket.map / LIJST).write_text(json.dumps(lijst))
    assert read_packages(pakket.map.parent)[0].controles == {}


def test_of_very_many_faults_the_number_is_told():
    rapport = etree.fromstring(
        f'<r:Rapport xmlns:r="{R}"><r:Fouten>{"<r:Fout><r:Code>TR101</r:Code></r:Fout>" * (FOUTEN_MAX + 7)}</r:Fouten>'
        "</r:Rapport>"
    )
    gevonden = list(faults(rapport, etree.fromstring("<Bericht/>")))
    assert len(gevonden) == FOUTEN_MAX + 1
    assert gevonden[-1] == {"meer": 7, "plaats": "/Bericht"}


@pytest.mark.parametrize("locatie", ["999990019", "//Bsn", "/Bericht/Client[2]", "/Bericht/Client[0]", "..", "", "/X"])
def test_a_place_that_leads_nowhere_is_not_repeated(locatie: str):
    rapport = etree.fromstring(
        f'<r:Rapport xmlns:r="{R}"><r:Fouten><r:Fout><r:Locatie>{locatie}</r:Locatie></r:Fout></r:Fouten></r:Rapport>'
    )
    (gevonden,) = faults(rapport, etree.fromstring("<Bericht><Client/></Bericht>"))
    assert (gevonden["plaats"], gevonden["regel"], gevonden["ook"]) == ("/Bericht", 0, "")
