"""What is wrong with a command line is said in Dutch, with the command that tells how it should be."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from knooppunt import cli


def run(*woorden: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    monkeypatch.setattr("sys.argv", ["knooppunt", *woorden])
    with pytest.raises(SystemExit) as einde:
        cli.main()
    return einde.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("regel", "melding", "waar"),
    [
        ("valideer", "PAD… ontbreekt.", "knooppunt valideer"),
        ("retour", "BESTAND ontbreekt.", "knooppunt retour"),
        ("standaard xsd", "De optie --uit ontbreekt.", "knooppunt standaard xsd"),
        ("validee x", "De opdracht validee bestaat niet. Bedoelt u valideer?", "knooppunt"),
        ("standaard zzz", "De opdracht zzz bestaat niet.", "knooppunt standaard"),
        ("valideer --xyz a", "De optie --xyz bestaat niet.", "knooppunt valideer"),
        ("valideer --jso a", "De optie --jso bestaat niet. Bedoelt u --json?", "knooppunt valideer"),
        ("valideer a --release", "Achter de optie --release hoort een waarde.", "knooppunt"),
        ("valideer --json=x a", "Achter de optie --json hoort geen waarde.", "knooppunt"),
        ("valideer --niveau 5 a", "--niveau mag ten hoogste 2 zijn.", "knooppunt valideer"),
        ("valideer --niveau a a", "--niveau moet een geheel getal zijn.", "knooppunt valideer"),
        ("bericht zoek --aantal 0", "--aantal moet ten minste 1 zijn.", "knooppunt bericht zoek"),
        ("bericht toon a b", "Te veel op de regel: b.", "knooppunt bericht toon"),
        (
            "bericht zoek --vanaf gisteren",
            "--vanaf moet een datum of tijdstip zijn: JJJJ-MM-DD, of JJJJ-MM-DDTUU:MM.",
            "knooppunt bericht zoek",
        ),
    ],
)
def test_a_mistake_is_named_in_dutch(
    regel: str, melding: str, waar: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    uitkomst = run(*regel.split(), monkeypatch=monkeypatch, capsys=capsys)
    assert uitkomst == (2, f"{melding}\nZie {waar} --help.\n")


def test_a_status_that_does_not_exist(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    code, tekst = run("bericht", "zoek", "--status", "bezorgt", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2
    assert tekst.startswith("Er is geen status bezorgt; kies uit: Ontvangen, Wordt verwerkt, Afgekeurd")


def test_a_command_without_arguments_gives_help_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert run("partij", monkeypatch=monkeypatch, capsys=capsys) == (2, "")


def test_exit_codes_are_passed_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert run("valideer", "/nergens", monkeypatch=monkeypatch, capsys=capsys)[0] == 2
    assert run("standaard", "toon", monkeypatch=monkeypatch, capsys=capsys)[0] in {0, None}


def test_who_stops_reading_gets_no_traceback():
    lees, schrijf = os.pipe()
    os.close(lees)
    proces = subprocess.run(
        [sys.executable, "-c", "from knooppunt.cli import main; main()", "standaard", "toon"],
        stdout=schrijf,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(schrijf)
    assert proces.returncode == 1
    assert proces.stderr == b""
