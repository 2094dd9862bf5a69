"""Finding and judging files, folders and ZIPs: hostile archives are refused, one bad file does not stop the rest."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest

from istandaarden import bestanden, bulktoets
from istandaarden.bestanden import Vondst, find, read_begin
from istandaarden.bulktoets import Uitslag, judge, judge_parallel
from istandaarden.catalogus import Catalogus, ingebouwd


def judged(*paden: Path) -> list[tuple[str, bool | None, str]]:
    """Name without folder, verdict and first sentence per file."""
    return [
        (Path(u.naam).name, u.geldig, u.bevindingen[0].melding if u.bevindingen else "") for u in judge(find(paden))
    ]


@pytest.fixture
def archief(tmp_path: Path, jw305: str) -> Path:
    pad = tmp_path / "a.zip"
    with zipfile.ZipFile(pad, "w", zipfile.ZIP_DEFLATED) as uit:
        uit.writestr("map/goed.xml", jw305)
        uit.writestr("fout.XML", jw305.replace(">0384<", ">x<"))
        uit.writestr("leesmij.txt", "geen bericht")
    return pad


def test_a_folder_is_searched_for_xml(tmp_path: Path, jw305: str):
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "c" / "2.xml").write_text(jw305)
    (tmp_path / "1.XML").write_text(jw305)
    (tmp_path / "3.txt").write_text("x")
    assert judged(tmp_path) == [("1.XML", True, ""), ("2.xml", True, "")]


def test_a_zip_is_read_in_place(archief: Path):
    assert [(naam, geldig) for naam, geldig, _ in judged(archief)] == [("goed.xml", True), ("a.zip!fout.XML", False)]
    assert list(archief.parent.iterdir()) == [archief]


def test_names_in_a_zip_twice_are_both_judged(tmp_path: Path, jw305: str):
    pad = tmp_path / "a.zip"
    with zipfile.ZipFile(pad, "w") as uit:
        uit.writestr("x.xml", jw305)
        with pytest.warns(UserWarning, match="Duplicate name"):
            uit.writestr("x.xml", "<a/>")
    assert [geldig for _, geldig, _ in judged(pad)] == [True, None]


@pytest.mark.parametrize("naam", ["../../buiten.xml", "/etc/cron.d/x.xml", "C:\\x.xml", "a/\x1b[2Jb.xml"])
def test_names_in_a_zip_are_never_used_as_a_path(tmp_path: Path, jw305: str, naam: str):
    map_ = tmp_path / "in"
    map_.mkdir()
    with zipfile.ZipFile(map_ / "a.zip", "w") as uit:
        uit.writestr(naam, jw305)
    (uitslag,) = judge(find([map_ / "a.zip"]))
    assert uitslag.geldig is True
    assert uitslag.naam.isprintable()
    assert [pad.name for pad in tmp_path.rglob("*")] == ["in", "a.zip"]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path):
    pad = tmp_path / "bom.zip"
    with zipfile.ZipFile(pad, "w", zipfile.ZIP_DEFLATED) as uit:
        uit.writestr("bom.xml", b"<a>" + b" " * 20_000_000 + b"</a>")
    ((_, geldig, melding),) = judged(pad)
    assert geldig is None
    assert "ZIP-bom" in melding


def test_a_zip_that_lies_about_its_size_is_not_believed(tmp_path: Path, jw305: str):
    """The directory says a few bytes, the data holds more: no more than was announced is read, and the check fails."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as uit:
        uit.writestr("x.xml", jw305)
    ruw = bytearray(buffer.getvalue())
    plek = ruw.rindex(b"PK\x01\x02")
    ruw[plek + 24 : plek + 28] = struct.pack("<I", 100)
    pad = tmp_path / "leugen.zip"
    pad.write_bytes(ruw)
    ((_, geldig, melding),) = judged(pad)
    assert geldig is None
    assert "beschadigd" in melding


def test_too_many_and_too_large_in_total(archief: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bestanden, "INGANGEN_MAX", 2)
    assert judged(archief) == [("a.zip", None, "Dit ZIP-bestand bevat meer dan 2 bestanden.")]
    monkeypatch.setattr(bestanden, "INGANGEN_MAX", 3)
    monkeypatch.setattr(bestanden, "TOTAAL_MAX", 1000)
    assert judged(archief) == [("a.zip", None, "Dit ZIP-bestand wordt uitgepakt groter dan 1000 bytes.")]


def test_a_password_or_an_odd_method_is_refused(tmp_path: Path, jw305: str):
    for methode in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        pad = tmp_path / f"{methode}.zip"
        with zipfile.ZipFile(pad, "w", methode) as uit:
            uit.writestr("x.xml", jw305)
        assert "alleen gewoon ZIP" in judged(pad)[0][2]
    pad = tmp_path / "geheim.zip"
    with zipfile.ZipFile(pad, "w") as uit:
        uit.writestr("x.xml", jw305)
    ruw = bytearray(pad.read_bytes())
    ruw[ruw.rindex(b"PK\x01\x02") + 8] |= 1
    pad.write_bytes(ruw)
    assert judged(pad) == [("geheim.zip!x.xml", None, "Dit bestand is met een wachtwoord beveiligd.")]


def test_damaged_zips_do_not_stop_the_rest(tmp_path: Path, archief: Path, jw305: str):
    heel = archief.read_bytes()
    half = tmp_path / "half.zip"
    half.write_bytes(heel[: len(heel) // 2])
    krom = tmp_path / "krom.zip"
    krom.write_bytes(heel[:60] + bytes(byte ^ 0xFF for byte in heel[60:120]) + heel[120:])
    leeg = tmp_path / "leeg.zip"
    with zipfile.ZipFile(leeg, "w"):
        pass
    goed = tmp_path / "z.xml"
    goed.write_text(jw305)
    uitslagen = judged(half, krom, leeg, goed)
    assert uitslagen[0] == ("half.zip", None, "Dit ZIP-bestand is beschadigd.")
    assert uitslagen[1] == ("goed.xml", None, "Dit bestand in het ZIP-bestand is beschadigd.")
    assert uitslagen[-2:] == [("leeg.zip", None, "Dit ZIP-bestand bevat geen XML-bestanden."), ("z.xml", True, "")]


def test_what_cannot_be_read_is_said_per_file(tmp_path: Path, jw305: str):
    os.mkfifo(tmp_path / "pijp.xml")
    (tmp_path / "goed.xml").write_text(jw305)
    (tmp_path / "los.xml").symlink_to(tmp_path / "nergens.xml")
    assert judged(tmp_path / "weg.xml", tmp_path / "pijp.xml", tmp_path / "los.xml", tmp_path / "goed.xml") == [
        ("weg.xml", None, "Dit bestand bestaat niet."),
        ("pijp.xml", None, "Dit is geen gewoon bestand."),
        ("los.xml", None, "Dit bestand bestaat niet."),
        ("goed.xml", True, ""),
    ]


def test_nothing_in_a_folder_is_passed_over_in_silence(tmp_path: Path, archief: Path, jw305: str):
    map_ = tmp_path / "map"
    (map_ / "leeg").mkdir(parents=True)
    (map_ / ".verborgen").mkdir()
    (map_ / ".verborgen" / ".ook.xml").write_text(jw305)
    archief.rename(map_ / "pakje.ZIP")
    (map_ / "kapot.zip").write_bytes(b"PK\x03\x04 en dan niets")
    (map_ / "geen.zip").write_text(jw305)
    (map_ / "brief.pdf").write_bytes(b"%PDF")
    (map_ / "zonder").write_text(jw305)
    os.mkfifo(map_ / "pijp.xml")
    (map_ / "los.xml").symlink_to(map_ / "nergens.xml")
    (map_ / "elders").symlink_to(tmp_path)
    overgeslagen: list[str] = []
    uitslagen = {
        Path(u.naam).name: (u.geldig, *(b.melding for b in u.bevindingen))
        for u in judge(find([map_], overgeslagen.append))
    }
    assert uitslagen.pop("pakje.ZIP!fout.XML")[0] is False
    assert uitslagen == {
        "elders": (None, "Dit is een koppeling naar een map; die wordt niet gevolgd."),
        "geen.zip": (True,),
        "goed.xml": (True,),
        "kapot.zip": (None, "Dit ZIP-bestand is beschadigd."),
        "los.xml": (None, "Dit bestand bestaat niet."),
        "pijp.xml": (None, "Dit is geen gewoon bestand."),
        ".ook.xml": (True,),
    }
    assert sorted(Path(naam).name for naam in overgeslagen) == ["brief.pdf", "pakje.ZIP!leesmij.txt", "zonder"]


def test_a_folder_without_xml_is_said(tmp_path: Path, jw305: str):
    (tmp_path / "leeg").mkdir()
    (tmp_path / "goed.xml").write_text(jw305)
    assert judged(tmp_path / "goed.xml", tmp_path / "leeg") == [
        ("goed.xml", True, ""),
        ("leeg", None, "Deze map bevat geen XML-bestanden."),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said(tmp_path: Path, jw305: str):
    (tmp_path / "dicht").mkdir(mode=0)
    (tmp_path / "x.xml").write_text(jw305)
    (tmp_path / "x.xml").chmod(0)
    assert judged(tmp_path) == [
        ("x.xml", None, "Dit bestand mag niet worden gelezen."),
        ("dicht", None, "Dit bestand mag niet worden gelezen."),
    ]


def test_a_zip_in_a_zip_is_said(tmp_path: Path, archief: Path, jw305: str):
    for naam, ook in (("dubbel.zip", True), ("alleen.zip", False)):
        with zipfile.ZipFile(tmp_path / naam, "w") as uit:
            uit.write(archief, "map/binnen.zip")
            if ook:
                uit.writestr("los.xml", jw305)
    niet = (None, "Een ZIP-bestand in een ZIP-bestand wordt niet gelezen.")
    assert judged(tmp_path / "dubbel.zip") == [("binnen.zip", *niet), ("dubbel.zip!los.xml", True, "")]
    assert judged(tmp_path / "alleen.zip") == [("binnen.zip", *niet)]


def test_a_large_file_is_judged_as_a_stream(tmp_path: Path, jw305: str):
    begin, product, eind = jw305.partition("<jw305:StartProduct>")
    een, _, rest = eind.partition("</jw305:StartProduct>")
    veel = f"{product}{een}</jw305:StartProduct>" * 10_000
    (tmp_path / "groot.xml").write_text(f"{begin}{veel}{rest}")
    (tmp_path / "krom.xml").write_text(
        f"{begin}{veel}{rest}".replace("</jw305:StartProducten>", "<jw305:X/></jw305:StartProducten>")
    )
    assert [geldig for _, geldig, _ in judged(tmp_path)] == [True, False]


def test_the_begin_is_read_however_short_the_pieces_are():
    assert read_begin(iter([b"ab"] * 10), 5) == b"ababab"
    assert read_begin(iter([b"ab"] * 2), 5) == b"abab"
    assert read_begin(iter([]), 5) == b""


def test_what_is_in_the_current_folder_is_named_without_a_dot(
    tmp_path: Path, jw305: str, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "sub").mkdir()
    for naam in ("a.xml", "sub/b.xml"):
        (tmp_path / naam).write_text(jw305)
    monkeypatch.chdir(tmp_path)
    assert [vondst.naam for vondst in find([Path()])] == ["a.xml", "sub/b.xml"]


def test_another_release_than_asked_for_is_a_finding(tmp_path: Path, jw305: str):
    (tmp_path / "x.xml").write_text(jw305)
    (uitslag,) = judge(find([tmp_path]), release="2.3")
    assert uitslag.geldig is False
    assert uitslag.bevindingen[0].melding == "Dit is een JW305 (iJw 3.2); verwacht werd een bericht van release 2.3."


def name(uitslag: Uitslag) -> str:
    return Path(uitslag.naam).name


def test_many_files_are_divided_and_come_back_in_order(tmp_path: Path, jw305: str, monkeypatch: pytest.MonkeyPatch):
    for nummer in range(200):
        (tmp_path / f"{nummer:03}.xml").write_text(jw305 if nummer % 3 else jw305.replace(">0384<", ">x<"))
    monkeypatch.setattr(bulktoets, "PARALLEL_VANAF", 100)
    regels = list(judge_parallel(list(find([tmp_path, tmp_path / "weg.xml"])), name))
    assert [tekst for _, tekst in regels] == [f"{nummer:03}.xml" for nummer in range(200)] + ["weg.xml"]
    assert [geldig for geldig, _ in regels] == [bool(nummer % 3) for nummer in range(200)] + [None]


def test_schemas_are_compiled_before_the_processes_start(tmp_path: Path, jw305: str, monkeypatch: pytest.MonkeyPatch):
    for nummer, inhoud in enumerate((jw305, "<geen/>", "geen xml", jw305)):
        (tmp_path / f"{nummer}.xml").write_text(inhoud)
    catalogus = Catalogus(ingebouwd().models())
    monkeypatch.setattr(bulktoets, "in_gebruik", lambda: catalogus)
    monkeypatch.setattr(bulktoets, "PARALLEL_VANAF", 4)
    monkeypatch.setattr("multiprocessing.cpu_count", lambda: 2)
    vondsten = list(find([tmp_path]))
    assert [geldig for geldig, _ in judge_parallel(vondsten, name)] == [True, None, None, True]
    assert [*catalogus._schemas._schemas] == [catalogus.find("JW305", "3.2").naamruimte]


def test_names_show_no_control_characters():
    assert Vondst("a\x1b[31m\n\udcff.xml").naam == "a?[31m??.xml"
