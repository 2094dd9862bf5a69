"""The command line as a whole: its list of commands, and that it reads no more than what is used."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from knooppunt.cli import OPDRACHTEN, app, read_command

ZWAAR = ("sqlalchemy", "aiohttp", "alembic", "zeep", "cryptography", "lxml")


@pytest.mark.parametrize("naam", OPDRACHTEN)
def test_the_line_of_help_is_that_of_the_command(naam: str):
    volledig = read_command(naam).help.partition("\n\n")[0]
    assert " ".join(volledig.split()) == OPDRACHTEN[naam][0]


def test_help_of_the_whole_and_of_one():
    alles = CliRunner().invoke(app, ["--help"])
    assert alles.exit_code == 0
    assert all(naam in alles.stdout for naam in OPDRACHTEN)
    assert "PAD…" in CliRunner().invoke(app, ["valideer", "--help"]).stdout


def test_a_command_that_does_not_exist():
    uit = CliRunner().invoke(app, ["standard"])
    assert uit.exit_code == 2
    assert "standaard" in uit.output


def loaded_by(*opdracht: str) -> set[str]:
    """Run a command in a process of its own; give the modules it read."""
    bron = (
        "import sys, knooppunt.cli\n"
        f"sys.argv = {['knooppunt', *opdracht]!r}\n"
        "try:\n    knooppunt.cli.main()\nexcept SystemExit:\n    pass\n"
        "print('\\n' + ' '.join(sys.modules))"
    )
    uit = subprocess.run([sys.executable, "-c", bron], capture_output=True, text=True, check=True)
    return set(uit.stdout.splitlines()[-1].split())


def test_help_reads_no_command():
    assert not loaded_by("--help") & {*ZWAAR, "istandaarden.catalogus"}


def test_valideer_reads_the_standards_and_no_hub():
    gelezen = loaded_by("valideer", "--help")
    assert "istandaarden.toets" in gelezen
    assert not gelezen & {*ZWAAR[:-1], "istandaarden.voorbeeld", "istandaarden.pakket"}
