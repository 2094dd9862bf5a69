"""`knooppunt woonplaats bepaal`: the worked cases through the command line, and input that cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from knooppunt.cli import app

GEVALLEN = json.loads(
    (Path(__file__).parents[1] / "routing" / "woonplaats" / "gevallen.json").read_text(encoding="utf-8")
)


def bepaal(inhoud: object, *opties: str) -> Any:
    invoer = inhoud if isinstance(inhoud, bytes) else json.dumps(inhoud).encode()
    return CliRunner().invoke(app, ["woonplaats", "bepaal", "--feiten", "-", *opties], input=invoer)


@pytest.mark.parametrize("geval", GEVALLEN, ids=[geval["id"] for geval in GEVALLEN])
def test_worked_case(geval: dict[str, Any]) -> None:
    verwacht = geval["verwacht"]
    gelopen = bepaal({naam: waarde for naam, waarde in geval.items() if naam != "verwacht"}, "--json")
    antwoord = json.loads(gelopen.stdout)
    assert {naam: antwoord[naam] for naam in verwacht} == verwacht
    assert gelopen.exit_code == (0 if verwacht["gemeente"] else 1)
    assert antwoord["motivering"]
    assert antwoord["id"] == geval["id"]


def test_a_list_gives_a_list_and_says_by_its_exit_code_that_one_has_no_answer() -> None:
    gevallen = [{naam: waarde for naam, waarde in geval.items() if naam != "verwacht"} for geval in GEVALLEN]
    gelopen = bepaal(gevallen, "--json")
    assert [a["gemeente"] for a in json.loads(gelopen.stdout)] == [g["verwacht"]["gemeente"] for g in GEVALLEN]
    assert gelopen.exit_code == 1


def test_people_read_the_gemeente_the_steps_and_what_is_missing() -> None:
    gelopen = bepaal({"peildatum": "2023-06-01", "brp": []})
    assert gelopen.stdout.startswith("niet te bepalen, regel HANDMATIG")
    assert "  • De jeugdige staat niet in de BRP" in gelopen.stdout
    assert "Nog nodig: moeder_gemeente_bij_geboorte, werkelijk_verblijf." in gelopen.stdout


def test_every_fault_in_the_facts_is_named_with_its_place_and_without_its_value() -> None:
    gelopen = bepaal([{"peildatum": "999990019", "brp": [{"soort": "W", "gemeente": "344"}], "verblijff": []}, {}])
    assert gelopen.exit_code == 2
    assert gelopen.stderr.splitlines() == [
        "geval 1: brp[0].gemeente moet een gemeentecode van vier cijfers zijn",
        "geval 1: peildatum moet een datum zijn als 2022-01-31",
        "geval 1: verblijff is onbekend (bedoelde u verblijf?)",
        "geval 2: peildatum ontbreekt",
    ]
    assert "999990019" not in gelopen.output


@pytest.mark.parametrize(
    "ruw",
    [b"", b"[]", b"{", b"12", b"null", b"\xff\xfe{}", b'{"peildatum": NaN}', b"[" * 100_000, b'"tekst"', b"[[]]"],
)
def test_what_is_no_list_of_facts_is_refused_in_words(ruw: bytes) -> None:
    gelopen = bepaal(ruw)
    assert gelopen.exit_code == 2
    assert gelopen.stderr.strip().endswith((".", "zijn", "ontbreekt", "2022-01-31"))
    assert "Traceback" not in gelopen.output


@pytest.mark.parametrize(
    ("ruw", "melding"),
    [(b'{"id": "\\ud800"}', "geen geldige Unicode"), (b'{"id": "a", "id": "b"}', "noemt een veld twee keer")],
)
def test_a_field_twice_and_text_that_is_no_unicode_are_refused(ruw: bytes, melding: str) -> None:
    gelopen = bepaal(ruw)
    assert (gelopen.exit_code, melding in gelopen.stderr) == (2, True)


def test_a_file_that_is_not_there() -> None:
    gelopen = CliRunner().invoke(app, ["woonplaats", "bepaal", "--feiten", "/bestaat/niet.json"])
    assert gelopen.exit_code == 2
    assert "is niet te lezen" in gelopen.stderr
