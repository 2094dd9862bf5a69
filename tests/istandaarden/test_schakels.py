"""By what berichten hang together, read from the berichten themselves."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest
from verhaal import AANBIEDER, BSN, GEMEENTE, Verhaal

from istandaarden.catalogus import ingebouwd
from istandaarden.schakels import Rol, Schakel, Schakelsoort, accepting
from istandaarden.standaardmap import in_gebruik
from istandaarden.toets import validate, validate_stream
from istandaarden.toetsproces import from_json
from istandaarden.voorbeeld import make_voorbeeld

U, V, T = Schakelsoort.UITWISSELING, Schakelsoort.VERZOEK, Schakelsoort.TOEWIJZING
RELATIE = (GEMEENTE, AANBIEDER)


@pytest.fixture(params=["iwmo", "ijw"])
def v(request: pytest.FixtureRequest) -> Verhaal:
    return Verhaal(request.param)


def schakels(data: bytes) -> tuple[Schakel, ...]:
    oordeel = validate(data, schakels=True)
    assert oordeel.geldig, oordeel.bevindingen
    return oordeel.schakels


def of(data: bytes, soort: Schakelsoort) -> list[Schakel]:
    return [s for s in schakels(data) if s.soort is soort]


@pytest.mark.parametrize(
    ("codes", "rol"),
    [((), Rol.RETOUR), (("0200",), Rol.RETOUR), (("0001",), Rol.AFKEURING), (("9056",), Rol.DUBBEL)],
)
def test_a_retour_shares_the_key_of_its_heenbericht(v: Verhaal, codes: tuple[str, ...], rol: Rol) -> None:
    heen = v.start()
    (vraag,) = of(heen, U)
    (antwoord,) = schakels(v.retour(heen, *codes))
    assert (vraag.rol, vraag.dag) == (Rol.VRAAG, None)
    assert antwoord == Schakel(U, vraag.sleutel, rol)


def test_a_325_shares_the_key_of_its_323_and_nothing_else(v: Verhaal) -> None:
    declaratie = v.declareer(v.prestatie(), v.prestatie("R2"))
    (vraag,) = schakels(declaratie)
    assert schakels(v.beantwoord(declaratie)) == (accepting(vraag),)
    assert accepting(vraag).rol is Rol.ANTWOORD


def test_the_same_number_in_another_berichtsoort_or_of_another_partij_is_another_key(v: Verhaal) -> None:
    berichten = [v.start(identificatie="1"), v.stop(identificatie="1"), v.declareer(identificatie="1")]
    berichten.append(berichten[0].replace(AANBIEDER.encode(), b"90000002"))
    assert len({s.sleutel for data in berichten for s in of(data, U)}) == 4


def test_requests_and_what_decides_them_share_the_reference(v: Verhaal) -> None:
    sleutel = (v.standaard, *RELATIE, "VOT-1")
    vraag = v.vraag({}, {"ReferentieAanbieder": "VOT-2"})
    assert [(s.sleutel[-1], s.rol, s.dag) for s in of(vraag, V)] == [
        ("VOT-1", Rol.VRAAG, date(2026, 2, 1)),
        ("VOT-2", Rol.VRAAG, date(2026, 2, 1)),
    ]
    wijziging = v.vraag_wijziging(wijzigt=[{}], referentie="VOT-1")
    assert of(wijziging, V) == [Schakel(V, sleutel, Rol.VRAAG, date(2026, 6, 1))]
    assert of(v.antwoord("1"), V) == [Schakel(V, sleutel, Rol.AFWIJZING)]
    assert of(v.antwoord("2"), V) == [Schakel(V, sleutel, Rol.ONDERZOEK)]
    assert of(v.wijs_toe(v.toewijzing(ReferentieAanbieder="VOT-1")), V) == [Schakel(V, sleutel, Rol.TOEWIJZING)]


def test_a_refusal_that_names_the_responsible_gemeente_is_one_on_woonplaatsbeginsel() -> None:
    v = Verhaal("ijw")
    inhoud = {"ReferentieAanbieder": "VOT-1", "VerzoekAntwoord": "1", "RedenAfwijzingVerzoek": "8"}
    inhoud |= {"Woonplaatsbeginsel": {"Gemeente": "0518"}}
    data = v.bericht("319", {"Header": v.header("319", date(2026, 2, 5)), "Antwoord": inhoud})
    assert [s.rol for s in of(data, V)] == [Rol.WOONPLAATS]


def test_everything_about_a_toewijzing_shares_its_number(v: Verhaal) -> None:
    sleutel = (v.standaard, *RELATIE, "100")
    assert of(v.wijs_toe(v.toewijzing(ToewijzingNummer="0100")), T) == [Schakel(T, sleutel, Rol.TOEWIJZING)]
    assert of(v.start(), T) == [Schakel(T, sleutel, Rol.DEEL, date(2026, 1, 5))]
    assert of(v.stop(), T) == [Schakel(T, sleutel, Rol.DEEL, date(2026, 3, 1))]
    assert of(v.start({"StatusAanlevering": "3"}), T) == [Schakel(T, sleutel, Rol.DEEL)]
    assert of(v.vraag_wijziging(wijzigt=[{}], blijft=["101"]), T)[0].sleutel[-1] in {"100", "101"}
    assert of(v.start({"ToewijzingNummer": None}), T) == []


def test_no_key_holds_a_bsn(v: Verhaal) -> None:
    for data in (v.wijs_toe(), v.start(), v.vraag(), v.vraag_wijziging(wijzigt=[{}]), v.declareer()):
        assert BSN not in str(schakels(data))


@pytest.mark.parametrize("soort", list(in_gebruik()), ids=str)
def test_reading_it_as_it_passes_gives_the_same(soort: object) -> None:
    data = make_voorbeeld(soort)  # type: ignore[arg-type]
    heel = validate(data, schakels=True)
    stroom = validate_stream(lambda: iter([data[:100], data[100:]]), schakels=True)
    assert (stroom.geldig, stroom.kop, stroom.schakels) == (True, heel.kop, heel.schakels)
    assert bool(heel.schakels) == (soort.standaard in {"iwmo", "ijw"})  # type: ignore[attr-defined]


def test_a_bericht_that_breaks_its_schema_has_none(v: Verhaal) -> None:
    assert not validate(v.start().replace(b"Bsn>", b"Bnn>"), schakels=True).schakels


def test_the_checking_process_passes_them_on() -> None:
    data = make_voorbeeld(ingebouwd().find("JW317", "3.2"))
    klaar = subprocess.run(
        [sys.executable, "-m", "istandaarden.toetsproces", "JW317", "3.2"], input=data, capture_output=True, check=True
    )
    assert from_json(klaar.stdout, in_gebruik()).schakels == validate(data, schakels=True).schakels
