"""The documentation is held to the code: commands, links, make targets, and no trace of one machine."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from knooppunt.cli import app
from routing.incident import oorzaken

_WORTEL = Path(__file__).parents[2]
_PAGINAS = [_WORTEL / "README.md", *sorted((_WORTEL / "docs").rglob("*.md"))]


def _commands(groep: Any, pad: str) -> Iterator[str]:
    for naam, opdracht in groep.commands.items():
        if hasattr(opdracht, "commands"):
            yield from _commands(opdracht, f"{pad} {naam}")
        else:
            yield f"{pad} {naam}"


def test_every_command_has_its_row_and_no_row_is_of_the_past() -> None:
    bestaand = set(_commands(typer.main.get_command(app), "knooppunt"))
    tekst = (_WORTEL / "docs" / "commandos.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(knooppunt [a-z ]+)` \|", tekst, re.MULTILINE)) == bestaand


@pytest.mark.parametrize("pagina", _PAGINAS, ids=lambda p: p.name)
def test_links_lead_somewhere(pagina: Path) -> None:
    for doel in re.findall(r"\]\(([^)#]+)\)", pagina.read_text("utf-8")):
        if "://" not in doel:
            assert (pagina.parent / doel).exists(), doel


def test_tests_that_the_threat_model_names_exist() -> None:
    tekst = (_WORTEL / "docs" / "threat-model.md").read_text("utf-8")
    paden = re.findall(r"`(tests/[\w/]+\.py)`", tekst)
    assert len(paden) > 10
    for pad in paden:
        assert (_WORTEL / pad).is_file(), pad


def test_make_targets_that_the_readme_names_exist() -> None:
    doelen = set(re.findall(r"^([a-z]+):", (_WORTEL / "Makefile").read_text("utf-8"), re.MULTILINE))
    genoemd = set(re.findall(r"(?:`|^    )make ([a-z]+)", (_WORTEL / "README.md").read_text("utf-8"), re.MULTILINE))
    assert genoemd <= doelen


def test_no_file_knows_the_machine_it_was_made_on() -> None:
    bestanden = subprocess.run(
        ["git", "ls-files"], cwd=_WORTEL, capture_output=True, text=True, check=True
    ).stdout.split()
    spoor = re.compile(rb"(?<![\w.])/(?:work|root|home/\w+)/|/tmp/[a-z]+/|file:///opt")
    for naam in bestanden:
        pad = _WORTEL / naam
        if pad.suffix in {".py", ".toml", ".cfg", ".md", ".txt", ".yaml", ".csv"} and pad != Path(__file__):
            assert not spoor.search(pad.read_bytes()), naam


def test_every_incident_stands_in_the_operators_page_with_what_to_do() -> None:
    tekst = (_WORTEL / "docs" / "beheer.md").read_text("utf-8")
    rijen = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \|$", tekst, re.MULTILINE)
    assert rijen == [
        (o.naam, o.niveau, o.titel.replace("{onderwerp}", "…"), o.actie.replace("{onderwerp}", "…"))
        for o in oorzaken().values()
    ]
