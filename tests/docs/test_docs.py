"""The documentation is held to the code: commands, links, make targets, and no trace of one machine."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from typer.testing import CliRunner

from istandaarden.catalogus import ingebouwd
from istandaarden.naslag.naslagwerk import write_reference
from istandaarden.naslag.opmaak import anchor
from knooppunt.cli import OPDRACHTEN, app, read_command
from knooppunt.woonplaats.feitenvorm import Feitenvorm
from routing.incident import oorzaken
from routing.woonplaats.besluit import Regel

_WORTEL = Path(__file__).parents[2]
_NASLAG = _WORTEL / "docs" / "naslag"
_VERVERS = "maak opnieuw: KNOOPPUNT_STANDAARDEN= knooppunt standaard documentatie --uit docs/naslag"
_PAGINAS = [_WORTEL / "README.md", *sorted((_WORTEL / "docs").rglob("*.md"))]


def _commands(opdrachten: Mapping[str, Any], pad: str) -> Iterator[str]:
    for naam, opdracht in opdrachten.items():
        if hasattr(opdracht, "commands"):
            yield from _commands(opdracht.commands, f"{pad} {naam}")
        else:
            yield f"{pad} {naam}"


def test_every_command_has_one_row_and_no_row_is_of_the_past() -> None:
    bestaand = _commands({naam: read_command(naam) for naam in OPDRACHTEN}, "knooppunt")
    tekst = (_WORTEL / "docs" / "commandos.md").read_text("utf-8")
    assert sorted(re.findall(r"^\| `(knooppunt [a-z ]+)` \|", tekst, re.MULTILINE)) == sorted(bestaand)


def test_the_makefile_refers_to_a_heading_of_the_readme() -> None:
    (kop,) = re.findall(r"zie README\.md, '([^']+)'", (_WORTEL / "Makefile").read_text("utf-8"))
    assert f"\n## {kop}\n" in (_WORTEL / "README.md").read_text("utf-8")


def test_the_reference_is_what_the_command_makes_of_model_rules_and_lists() -> None:
    paginas = {pad.relative_to(_NASLAG).as_posix(): pad.read_text("utf-8") for pad in _NASLAG.rglob("*.md")}
    verwacht = write_reference(ingebouwd())
    assert paginas.keys() == verwacht.keys(), _VERVERS
    assert [naam for naam, tekst in verwacht.items() if paginas[naam] != tekst] == [], _VERVERS


def test_links_in_the_reference_lead_to_a_heading() -> None:
    koppen = {
        pad: {anchor(kop) for kop in re.findall(r"^#+ (.+)$", pad.read_text("utf-8"), re.MULTILINE)}
        for pad in _NASLAG.rglob("*.md")
    }
    for pad in koppen:
        for doel, anker in re.findall(r"\]\(([^)#]*)#([^)]+)\)", pad.read_text("utf-8")):
            assert anker in koppen[(pad.parent / doel).resolve() if doel else pad], f"{pad}: {doel}#{anker}"


@pytest.mark.parametrize("pagina", _PAGINAS, ids=lambda p: str(p.relative_to(_WORTEL)))
def test_links_lead_somewhere(pagina: Path) -> None:
    for doel in re.findall(r"\]\(([^)#]+)\)", pagina.read_text("utf-8")):
        if "://" not in doel:
            assert (pagina.parent / doel).exists(), doel


def test_the_readme_shows_what_valideer_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten mistakes, ten findings: the block below the command is what the command writes."""
    monkeypatch.chdir(_WORTEL)
    monkeypatch.setenv("KNOOPPUNT_STANDAARDEN", "")
    tekst = (_WORTEL / "README.md").read_text("utf-8")
    [(bestand, blok)] = re.findall(
        r"^    \.venv/bin/knooppunt valideer (tests/\S+)\n\n((?:    .*\n)+)", tekst, re.MULTILINE
    )
    uit = CliRunner().invoke(app, ["valideer", bestand])
    assert uit.exit_code == 1
    assert uit.stdout == dedent(blok)
    assert len(re.findall(r"^  [A-Z]{2,3}\d*, regel \d+, /Bericht", uit.stdout, re.MULTILINE)) == 10


def test_the_page_on_the_woonplaatsbeginsel_names_every_rule_and_every_fact() -> None:
    tekst = (_WORTEL / "docs" / "woonplaatsbeginsel.md").read_text("utf-8")
    regels = set(re.findall(r"^\|.*\| ([^|]+) \| (?:vast|voorlopig|handmatig) \|$", tekst, re.MULTILINE))
    assert {regel for cel in regels for regel in cel.split(", ")} == set(Regel)
    velden = {veld for cel in re.findall(r"^\| (`[a-z_, `]+`) \|", tekst, re.MULTILINE) for veld in cel.split(", ")}
    assert {f"`{veld}`" for veld in Feitenvorm.model_fields} <= velden


def test_tests_that_the_threat_model_names_exist() -> None:
    tekst = (_WORTEL / "docs" / "threat-model.md").read_text("utf-8")
    paden = re.findall(r"`(tests/[\w/]+\.py)`", tekst)
    assert len(paden) > 10
    for pad in paden:
        assert (_WORTEL / pad).is_file(), pad


def test_every_row_of_a_failure_table_names_tests_that_exist() -> None:
    """In the last column a row names one test or more, each as ``file::test``, and nothing else."""
    tekst = (_WORTEL / "docs" / "koppelingen.md").read_text("utf-8")
    gezien = 0
    in_tabel = False
    for regel in tekst.splitlines():
        if not regel.startswith("|"):
            in_tabel = False
        elif regel.endswith("| test |"):
            in_tabel = True
        elif in_tabel and not regel.startswith("|---"):
            gezien += 1
            for genoemd in regel.rsplit("|", 2)[1].split(","):
                deel = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", genoemd.strip())
                assert deel is not None, regel
                bron = (_WORTEL / deel[1]).read_text("utf-8")
                assert re.search(rf"^(?:async )?def {deel[2]}\(", bron, re.MULTILINE), genoemd
    assert gezien > 100


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
