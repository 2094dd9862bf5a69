"""The standards and releases that come with us, and a release that comes as a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from release33 import NIEUW

from istandaarden.catalogus import Catalogus, ingebouwd
from istandaarden.kop import kop_of, read_kop
from istandaarden.model import Berichtmodel, Logisch
from istandaarden.modelbestand import Modelfout
from istandaarden.modelbouw import build_models, builtin_text
from istandaarden.opbouw import build
from istandaarden.retour import build_retour
from istandaarden.standaardmap import VARIABELE, Standaardfout, from_folder, in_gebruik, process_environment
from istandaarden.toets import validate
from istandaarden.veilig import parse
from istandaarden.voorbeeld import make_voorbeeld
from istandaarden.woorden import describe_value
from istandaarden.xsd import write_all

CATALOGUS = ingebouwd()


@pytest.fixture
def map_33(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an operator who has written down release 3.3."""
    (tmp_path / "iwmo-ijw-3.3.yaml").write_text(NIEUW, encoding="utf-8")
    monkeypatch.setenv(VARIABELE, str(tmp_path))
    from_folder.cache_clear()
    return tmp_path


def values(model: Berichtmodel, naam: str) -> set[str]:
    return set(model.basis.logisch[naam].waarden)


def test_there_are_four_standards():
    uitgaven = {(soort.titel, soort.release) for soort in CATALOGUS}
    assert uitgaven == {
        ("iWmo", "2.3"),
        ("iJw", "2.3"),
        ("iWmo", "3.2"),
        ("iJw", "3.2"),
        ("iEb", "1.0"),
        ("iPgb", "2.1"),
    }
    assert CATALOGUS.releases == ("1.0", "2.1", "2.3", "3.2")
    assert CATALOGUS.find("WMO301").release == "3.2"
    assert CATALOGUS.find("WMO303").release == "2.3"


@pytest.mark.parametrize(
    ("code", "release", "van", "naar", "retour"),
    [
        ("WMO301", "2.3", "gemeente", "zorgaanbieder", False),
        ("WMO302", "2.3", "zorgaanbieder", "gemeente", True),
        ("JW303", "2.3", "zorgaanbieder", "gemeente", False),
        ("JW304", "2.3", "gemeente", "zorgaanbieder", True),
        ("WMO325", "3.2", "gemeente", "zorgaanbieder", False),
        ("WMO401", "1.0", "gemeente", "CAK", False),
        ("WMO404", "1.0", "CAK", "gemeente", True),
        ("WMO501", "2.1", "gemeente", "VWS", False),
        ("JW502", "2.1", "VWS", "gemeente", True),
        ("JW507", "2.1", "VWS", "gemeente", False),
        ("WMO508", "2.1", "gemeente", "VWS", True),
        ("WLZ507", "2.1", "VWS", "zorgkantoor", False),
    ],
)
def test_who_sends_what_to_whom(code: str, release: str, van: str, naar: str, retour: bool):  # noqa: FBT001 - a table
    soort = CATALOGUS.find(code, release)
    assert (soort.van, soort.naar, soort.is_retour) == (van, naar, retour)


def test_a_303_has_a_header_of_its_own():
    soort = CATALOGUS.find("WMO303", "2.3")
    assert (soort.berichtcode, soort.retour) == ("416|448", "WMO304")
    data = make_voorbeeld(soort)
    assert validate(data).geldig
    kop = read_kop([data])
    assert kop == kop_of(parse(data))
    header = parse(data)[0]
    assert (kop.afzender, kop.ontvanger) == (header.findtext("{*}Aanbieder"), header.findtext("{*}Gemeente"))
    assert kop.identificatie == header.findtext(".//{*}DeclarantFactuurNummer")
    assert kop.dagtekening == header.findtext(".//{*}FactuurDagtekening")
    assert kop.identificatie_retour is None
    terug = kop_of(parse(make_voorbeeld(CATALOGUS.find("WMO304", "2.3"))))
    assert None not in (terug.afzender, terug.ontvanger, terug.identificatie_retour, terug.dagtekening_retour)


def test_both_codes_of_a_303_are_right_and_no_other():
    tekst = make_voorbeeld(CATALOGUS.find("WMO303", "2.3")).decode()
    for code, geldig in (("416", True), ("448", True), ("417", False), ("432", False)):
        assert validate(_with_code(tekst, code)).geldig is geldig
    (bevinding,) = validate(_with_code(tekst, "417")).bevindingen
    assert bevinding.melding.endswith("verwacht wordt precies 416 of 448.")


def _with_code(tekst: str, code: str) -> bytes:
    wortel = etree.fromstring(tekst.encode())
    wortel[0][0].text = code
    return etree.tostring(wortel)


def test_the_lists_of_2_3_are_those_of_its_time():
    wmo, jw = CATALOGUS.model(CATALOGUS.find("WMO301", "2.3")), CATALOGUS.model(CATALOGUS.find("JW301", "2.3"))
    assert values(wmo, "RedenBeeindiging") == {"02", "19", "20", "21", "22", "23", "31"}
    assert values(jw, "RedenBeeindiging") == {"02", "20", "31", "32", "33", "34", "35"}
    assert values(wmo, "Frequentie") == {"1", "2", "3", "4", "5", "6"}
    assert len(values(wmo, "RetourCode")) == 39
    assert "12" not in values(jw, "RedenWijziging")
    assert wmo.basis.logisch["RedenWijziging"].waarden["01"] == "administratieve correctie"


@pytest.mark.parametrize("soort", list(CATALOGUS), ids=str)
def test_every_code_has_a_meaning(soort: Any):
    for logisch in CATALOGUS.model(soort).basis.logisch.values():
        assert all(betekenis.strip() for betekenis in logisch.waarden.values()), logisch.naam


def test_a_bericht_of_2_3_is_not_one_of_3_2():
    data = make_voorbeeld(CATALOGUS.find("WMO305", "2.3"))
    oordeel = validate(data, verwacht=CATALOGUS.find("WMO305", "3.2"))
    assert not oordeel.geldig
    assert oordeel.bevindingen[0].melding == "Dit is een WMO305 (iWmo 2.3); verwacht werd een WMO305 (iWmo 3.2)."


def test_a_reconstruction_says_so():
    oordeel = validate(make_voorbeeld(CATALOGUS.find("JW507", "2.1")))
    assert (oordeel.geldig, oordeel.schema) == (True, "reconstructie")
    assert oordeel.berichtsoort is not None
    assert oordeel.berichtsoort.reconstructie
    assert validate(make_voorbeeld(CATALOGUS.find("WMO401", "1.0"))).schema == "ingebouwd"
    assert validate(b"<x/>").schema == ""
    model = CATALOGUS.model(oordeel.berichtsoort)
    landcode = next(deel for deel in model.basis.composieten["Adres"].elementen if deel.naam == "LandCode")
    assert describe_value(landcode) == "tekst van 0 tot en met 2 tekens"


def test_a_release_more_is_a_file_more(map_33: Path):
    """No code is touched: recognised, checked, explained, written as XSD, built and answered."""
    catalogus = in_gebruik()
    assert catalogus.releases == ("1.0", "2.1", "2.3", "3.2", "3.3")
    assert len(catalogus) == len(CATALOGUS) + 28
    soort = catalogus.find("JW305")
    assert (soort.release, soort.subversie) == ("3.3", 3)
    assert catalogus.herkomst(soort) == "modelbestand iwmo-ijw-3.3.yaml"

    data = make_voorbeeld(soort)
    oordeel = validate(data)
    assert (oordeel.geldig, oordeel.berichtsoort) == (True, soort)
    assert oordeel.schema == "modelbestand iwmo-ijw-3.3.yaml"

    wortel = etree.fromstring(data)
    (status,) = wortel.iter("{*}StatusAanlevering")
    status.text = "4"
    assert validate(etree.tostring(wortel)).geldig
    status.text = "2"
    (toelichting,) = wortel.iter("{*}Toelichting")
    toelichting.getparent().remove(toelichting)
    fout = validate(etree.tostring(wortel))
    assert [bevinding.plaats.rpartition("/")[2] for bevinding in fout.bevindingen] == [
        "StartProduct",
        "StatusAanlevering",
    ]
    assert "Toelichting" in fout.bevindingen[0].melding
    assert "4 (nogmaals aangeleverd)" in fout.bevindingen[1].melding

    bestanden = write_all(catalogus.models())
    assert "Toelichting" in bestanden["ijw/3.3/JW305.xsd"]
    assert "nogmaals aangeleverd" in bestanden["ijw/3.3/basisschema.xsd"]
    assert "Toelichting" not in bestanden["ijw/3.2/JW305.xsd"]

    assert validate(data, niveau=2).regels == "ingebouwd"
    dubbel = validate(make_voorbeeld(soort, fout="TR101"), niveau=2)
    assert [bevinding.code for bevinding in dubbel.bevindingen] == ["TR101"]

    terug = build_retour(data, [], identificatie="R1", dagtekening=date(2026, 1, 5))
    assert terug is not None
    assert validate(terug).berichtsoort == catalogus.find("JW306", "3.3")
    assert b"3_3/jw306" in build(catalogus.find("JW306"), {"Header": {}})


def test_a_release_may_leave_the_rules_of_its_basis_behind(map_33: Path):
    pad = map_33 / "iwmo-ijw-3.3.yaml"
    pad.write_text(pad.read_text().replace("subversie: 3", "subversie: 3\nregels: ~"))
    from_folder.cache_clear()
    assert validate(make_voorbeeld(in_gebruik().find("JW305")), niveau=2).regels == ""


def test_every_bericht_of_a_release_more_is_valid_at_level_2(map_33: Path):
    for soort in in_gebruik():
        if soort.release == "3.3":
            assert validate(make_voorbeeld(soort), niveau=2).geldig


def test_what_did_not_change_stays(map_33: Path):
    data = make_voorbeeld(CATALOGUS.find("JW305", "3.2"))
    oordeel = validate(data)
    assert (oordeel.geldig, oordeel.schema) == (True, "ingebouwd")
    assert process_environment() == {VARIABELE: str(map_33)}


@pytest.mark.parametrize(
    ("tekst", "melding"),
    [
        ("basis: iwmo-ijw-3.1.yaml\n", r"^m\.yaml:1: basis: er is geen modelbestand iwmo-ijw-3\.1\.yaml"),
        ("basis: ../iwmo-ijw-3.2.yaml\n", "er is geen modelbestand"),
        ("basis: m.yaml\n", "zijn eigen basis"),
        (
            'basis: iwmo-ijw-3.2.yaml\nregels: "3.3"\n',
            "m.yaml:2: regels: van release 3.3 zijn er geen regels; wel van 2.1, 3.2",
        ),
        ("basis: iwmo-ijw-3.2.yaml\nlogisch: {geheel: {Budgett: ~}}\n", "Budgett: dit staat niet in de basis"),
        ("basis: iwmo-ijw-3.2.yaml\nlogisch: {geheel: {Budget: ~}}\n", "onbekend type Budget"),
        ("basis: iwmo-ijw-3.2.yaml\nlijsten: {COD4677: {zonder: ['2']}}\n", "m.yaml:2: .*geen enkel type gebruikt"),
        ("basis: iwmo-ijw-3.2.yaml\nlijsten: {COD467: {zonder: ['7']}}\n", "code 7 staat niet in de lijst"),
        ("basis: iwmo-ijw-3.2.yaml\nlijsten: {COD467: {met: {4: x}}}\n", "zet de sleutel 4 tussen aanhalingstekens"),
        ("basis: iwmo-ijw-3.2.yaml\nlijsten: {COD467: {zonder: ['1','2','3','9']}}\n", "geen enkele code"),
        ("basis: iwmo-ijw-3.2.yaml\npartijen: {gemeente: ~}\n", "gemeente staat niet bij partijen"),
        ("basis: iwmo-ijw-3.2.yaml\nreconstructie: misschien\n", "hier hoort true of false"),
        ("\x00", "geen leesbare YAML"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(tekst: str, melding: str):
    def read_basis(naam: str) -> str:
        return tekst if naam == "m.yaml" else builtin_text(naam)

    with pytest.raises(Modelfout, match=melding):
        build_models("m.yaml", tekst, read_basis)


def test_a_mistake_that_the_basis_brings_is_named_there():
    with pytest.raises(Modelfout, match=r"^iwmo-ijw-3\.2\.yaml:\d+: berichten/\d+/klassen/\w+: onbekend type"):
        build_models("m.yaml", "basis: iwmo-ijw-3.2.yaml\nlogisch: {code: {JaNee: ~}}\n")


def test_a_folder_that_cannot_be_used_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABELE, str(tmp_path / "weg"))
    with pytest.raises(Standaardfout, match="bestaat niet"):
        in_gebruik()
    monkeypatch.setenv(VARIABELE, str(tmp_path))
    assert in_gebruik() is ingebouwd()
    for tekst, melding in (
        (b"\xff", "geen UTF-8"),
        (b"release: x", "x.yaml"),
        (builtin_text("ieb-1.0.yaml").encode(), "staat ook"),
    ):
        (tmp_path / "x.yaml").write_bytes(tekst)
        from_folder.cache_clear()
        with pytest.raises(Standaardfout, match=melding):
            in_gebruik()


def test_without_a_variable_the_folder_is_where_programs_keep_their_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv(VARIABELE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert in_gebruik() is ingebouwd()
    assert process_environment() == {VARIABELE: ""}
    map_ = tmp_path / "knooppunt" / "standaarden"
    map_.mkdir(parents=True)
    (map_ / "x.yaml").write_text(NIEUW, encoding="utf-8")
    assert isinstance(in_gebruik(), Catalogus)
    assert "3.3" in in_gebruik().releases


def test_narrowed_numbers_are_explained():
    """BtwPercentage of a 303 takes less than its type."""
    model = CATALOGUS.model(CATALOGUS.find("WMO303", "2.3"))
    element = next(
        deel for deel in model.basis.composieten["IngediendeBedragPrestatie"].elementen if deel.naam == "BtwPercentage"
    )
    assert isinstance(element.type, Logisch)
    assert (element.maximaal, element.type.maximaal) == (9999, 99999)
    assert describe_value(element) == "een geheel getal van 0 tot en met 9999"
