"""Reads a model file: YAML to plain data, with line numbers for whatever is wrong in it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import yaml

_LADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is six times as fast, where it was built


class Modelfout(ValueError):
    """Something is wrong in a model file: the text names file, line, place and what is expected."""

    def __init__(self, bestand: str, plaats: str, melding: str, regel: int = 0) -> None:
        waar = f"{bestand}:{regel}" if regel else bestand
        super().__init__(f"{waar}: {plaats}: {melding}" if plaats else f"{waar}: {melding}")
        self.bestand = bestand
        self.plaats = plaats
        self.regel = regel


class Knoop(NamedTuple):
    """A place in a model file: reads values with a check, and complains with file, line and place.

    `regels` holds per place the file and the line where it stands: with a basis that may be another file.
    """

    bestand: str
    plaats: str
    waarde: Any
    regels: Mapping[str, tuple[str, int]]

    def fail(self, melding: str) -> Modelfout:
        """Make (not raise) the error for this place."""
        plaats, plek = self.plaats, (self.bestand, 0)
        while plaats:
            if plaats in self.regels:
                plek = self.regels[plaats]
                break
            plaats = plaats.rpartition("/")[0]
        return Modelfout(plek[0], self.plaats.strip("/"), melding, plek[1])

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
        for sleutel in self.waarde:
            if not isinstance(sleutel, str):
                raise self.fail(f"zet de sleutel {sleutel} tussen aanhalingstekens")
        return [(sleutel, self.at(sleutel)) for sleutel in self.waarde]

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

    def flag(self) -> bool:
        """Give a yes or no; no when the key is absent."""
        if not isinstance(self.waarde, bool | None):
            raise self.fail("hier hoort true of false te staan")
        return bool(self.waarde)

    def texts(self) -> list[str]:
        """Give a list of texts."""
        if not isinstance(self.waarde, list) or not all(isinstance(deel, str) for deel in self.waarde):
            raise self.fail("hier hoort een lijst van teksten te staan (zet getallen tussen aanhalingstekens)")
        return list(self.waarde)


def read_file(bestand: str, tekst: str, read_basis: Callable[[str], str]) -> Knoop:
    """Read the YAML of a model file, laid over the file that it names as its ``basis``.

    What both files have stays as the later one says it; a mapping is laid over a mapping key by key; a key without
    value (``~``) takes away what the basis has.

    Args:
        bestand: name for error messages.
        tekst: the content.
        read_basis: gives the text of a model file by its name; raises KeyError when there is none.

    Raises:
        Modelfout: no YAML, a key twice in the same place, not a mapping, or a basis that cannot be had.
    """
    return _read_over(bestand, tekst, read_basis, ())


def _read_over(bestand: str, tekst: str, read_basis: Callable[[str], str], erboven: tuple[str, ...]) -> Knoop:
    blad = _read_alone(bestand, tekst)
    keuze = blad.at("basis")
    naam = keuze.optional_text()
    if naam is None:
        return blad
    if naam in (*erboven, bestand):
        raise keuze.fail(f"{naam} is via een omweg zijn eigen basis")
    try:
        onder = read_basis(naam)
    except KeyError:
        raise keuze.fail(f"er is geen modelbestand {naam}") from None
    basis = _read_over(naam, onder, read_basis, (*erboven, bestand))
    regels = dict(basis.regels) | dict(blad.regels)
    del blad.waarde["basis"]
    return Knoop(bestand, "", _lay_over(basis, blad), regels)


def _lay_over(onder: Knoop, boven: Knoop) -> Any:
    if not isinstance(onder.waarde, dict) or not isinstance(boven.waarde, dict):
        return boven.waarde
    samen = dict(onder.waarde)
    for sleutel, waarde in boven.waarde.items():
        if waarde is not None:
            samen[sleutel] = _lay_over(onder.at(sleutel), boven.at(sleutel))
        elif samen.pop(sleutel, None) is None:
            raise boven.at(sleutel).fail("dit staat niet in de basis en kan dus niet worden weggelaten")
    return samen


def _read_alone(bestand: str, tekst: str) -> Knoop:
    lader = _LADER(tekst)
    try:
        knoop = lader.get_single_node()
        regels: dict[str, tuple[str, int]] = {}
        if knoop is not None:
            _note_lines(bestand, knoop, "", regels)
        data = None if knoop is None else lader.construct_document(knoop)
    except yaml.YAMLError as fout:
        plek = getattr(fout, "problem_mark", None)
        oorzaak = getattr(fout, "problem", None) or getattr(fout, "reason", "")
        raise Modelfout(bestand, "", f"geen leesbare YAML: {oorzaak}", plek.line + 1 if plek else 0) from fout
    finally:
        lader.dispose()
    if not isinstance(data, dict):
        raise Modelfout(bestand, "", "hier horen sleutels met waarden te staan")
    return Knoop(bestand, "", data, regels)


def _note_lines(bestand: str, knoop: yaml.Node, plaats: str, regels: dict[str, tuple[str, int]]) -> None:
    if not isinstance(knoop, yaml.MappingNode):
        return
    for sleutel, waarde in knoop.value:
        hier = f"{plaats}/{sleutel.value}"
        if hier in regels:
            raise Modelfout(bestand, hier.strip("/"), "deze sleutel staat er twee keer", sleutel.start_mark.line + 1)
        regels[hier] = bestand, sleutel.start_mark.line + 1
        _note_lines(bestand, waarde, hier, regels)
