"""Reads a model file: YAML to plain data, with line numbers for whatever is wrong in it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml


class Modelfout(ValueError):
    """Something is wrong in a model file: the text names file, line, place and what is expected."""

    def __init__(self, bestand: str, plaats: str, melding: str, regel: int = 0) -> None:
        waar = f"{bestand}:{regel}" if regel else bestand
        super().__init__(f"{waar}: {plaats}: {melding}" if plaats else f"{waar}: {melding}")
        self.bestand = bestand
        self.plaats = plaats
        self.regel = regel


@dataclass(frozen=True, slots=True)
class Knoop:
    """A place in a model file: reads values with a check, and complains with file, line and place."""

    bestand: str
    plaats: str
    waarde: Any
    regels: Mapping[str, int]

    def fail(self, melding: str) -> Modelfout:
        """Make (not raise) the error for this place."""
        plaats, regel = self.plaats, 0
        while not regel and plaats:
            regel = self.regels.get(plaats, 0)
            plaats = plaats.rpartition("/")[0]
        return Modelfout(self.bestand, self.plaats.strip("/"), melding, regel)

    def at(self, sleutel: str) -> Knoop:
        """Go one key down; a key that is not there gives a place without value."""
        waarde = self.waarde.get(sleutel) if isinstance(self.waarde, dict) else None
        return Knoop(self.bestand, f"{self.plaats}/{sleutel}", waarde, self.regels)

    def items(self) -> list[tuple[str, Knoop]]:
        """Give keys with their places; nothing when the key is absent."""
        if self.waarde is None:
            return []
        if not isinstance(self.waarde, dict):
            raise self.fail("hier horen sleutels met waarden te staan")
        return [(str(sleutel), self.at(sleutel)) for sleutel in self.waarde]

    def only(self, *bekend: str) -> Knoop:
        """Refuse keys that are not among the known ones."""
        for sleutel, knoop in self.items():
            if sleutel not in bekend:
                lijkt = difflib.get_close_matches(sleutel, bekend, 1)
                raise knoop.fail(f"onbekende sleutel; bedoelt u {lijkt[0]}?" if lijkt else "onbekende sleutel")
        return self

    def text(self) -> str:
        """Give a text that must be there."""
        if not isinstance(self.waarde, str) or not self.waarde:
            raise self.fail("hier hoort tekst te staan (zet een getal of versie tussen aanhalingstekens)")
        return self.waarde

    def optional_text(self) -> str | None:
        """Give a text, or None when the key is absent."""
        return None if self.waarde is None else self.text()

    def number(self) -> int:
        """Give a whole number that must be there."""
        if not isinstance(self.waarde, int) or isinstance(self.waarde, bool) or self.waarde < 0:
            raise self.fail("hier hoort een geheel getal te staan")
        return self.waarde

    def optional_number(self) -> int | None:
        """Give a whole number, or None when the key is absent."""
        return None if self.waarde is None else self.number()

    def texts(self) -> list[str]:
        """Give a list of texts."""
        if not isinstance(self.waarde, list) or not all(isinstance(deel, str) for deel in self.waarde):
            raise self.fail("hier hoort een lijst van teksten te staan (zet getallen tussen aanhalingstekens)")
        return list(self.waarde)


def read_file(bestand: str, tekst: str) -> Knoop:
    """Read the YAML of a model file.

    Args:
        bestand: name for error messages.
        tekst: the content.

    Raises:
        Modelfout: no YAML, a key twice in the same place, or not a mapping.
    """
    lader = yaml.SafeLoader(tekst)
    try:
        knoop = lader.get_single_node()
        regels: dict[str, int] = {}
        if knoop is not None:
            _note_lines(bestand, knoop, "", regels)
        data = None if knoop is None else lader.construct_document(knoop)
    except yaml.MarkedYAMLError as fout:
        regel = fout.problem_mark.line + 1 if fout.problem_mark else 0
        raise Modelfout(bestand, "", f"geen leesbare YAML: {fout.problem}", regel) from fout
    finally:
        lader.dispose()
    if not isinstance(data, dict):
        raise Modelfout(bestand, "", "hier horen sleutels met waarden te staan")
    return Knoop(bestand, "", data, regels)


def _note_lines(bestand: str, knoop: yaml.Node, plaats: str, regels: dict[str, int]) -> None:
    if not isinstance(knoop, yaml.MappingNode):
        return
    for sleutel, waarde in knoop.value:
        hier = f"{plaats}/{sleutel.value}"
        if hier in regels:
            raise Modelfout(bestand, hier.strip("/"), "deze sleutel staat er twee keer", sleutel.start_mark.line + 1)
        regels[hier] = sleutel.start_mark.line + 1
        _note_lines(bestand, waarde, hier, regels)
