"""Read the TOML file and the environment into a `Configuratie`, and say in Dutch, with a line, what is wrong."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from knooppunt.configuratie import Configuratie, ConfiguratieFout
from knooppunt.sectie import Sectie

_VOORVOEGSEL = "KNOOPPUNT_"
_GRENS = 1024 * 1024  # bytes; a larger file is not a configuration

_SECTIES: dict[str, type[Sectie]] = {
    naam: veld.annotation
    for naam, veld in Configuratie.model_fields.items()
    if isinstance(veld.annotation, type) and issubclass(veld.annotation, Sectie)
}

_WOORDEN = {
    "bool_parsing": "moet true of false zijn",
    "bool_type": "moet true of false zijn",
    "dict_type": "moet een tabel zijn",
    "enum": "moet een van deze waarden zijn: {expected}",
    "finite_number": "moet een eindig getal zijn",
    "float_parsing": "moet een getal zijn",
    "float_type": "moet een getal zijn",
    "greater_than": "moet groter dan {gt} zijn",
    "greater_than_equal": "moet ten minste {ge} zijn",
    "int_from_float": "moet een geheel getal zijn",
    "int_parsing": "moet een geheel getal zijn",
    "int_parsing_size": "is een te groot getal",
    "int_type": "moet een geheel getal zijn",
    "less_than_equal": "mag ten hoogste {le} zijn",
    "literal_error": "moet een van deze waarden zijn: {expected}",
    "path_type": "moet een pad zijn, als tekst tussen aanhalingstekens",
    "string_too_long": "mag ten hoogste {max_length} tekens hebben",
    "string_too_short": "mag niet leeg zijn",
    "string_type": "moet tekst tussen aanhalingstekens zijn",
}


def load(pad: Path, omgeving: Mapping[str, str] | None = None) -> Configuratie:
    """Read the configuration of a hub.

    Args:
        pad: the TOML file, UTF-8; relative paths in it are read from its folder.
        omgeving: environment variables, `os.environ` when None. ``KNOOPPUNT_<SECTIE>__<SLEUTEL>`` goes before the
            file.

    Raises:
        ConfiguratieFout: with every fault that was found, each a Dutch sentence.
    """
    tekst = _read(pad)
    try:
        inhoud = tomllib.loads(tekst)
    except tomllib.TOMLDecodeError as fout:
        gemeld = re.search(r"line (\d+), column (\d+)", str(fout))
        waar = f"regel {gemeld[1]}, kolom {gemeld[2]}" if gemeld else "aan het eind"
        raise ConfiguratieFout(f"{pad}, {waar}: dit is geen geldige TOML.") from None
    except RecursionError:
        raise ConfiguratieFout(f"{pad}: dit is geen geldige TOML: te diep genest.") from None
    omgeving = os.environ if omgeving is None else omgeving
    meldingen = [*_refuse_secrets(pad, tekst, inhoud), *_overlay(inhoud, omgeving)]
    for naam in _SECTIES:
        inhoud.setdefault(naam, {})
    try:
        configuratie = Configuratie.model_validate(inhoud, context=pad.absolute().parent)
    except ValidationError as fout:
        for bevinding in fout.errors(include_url=False, include_input=False):
            sectie, sleutel = str(bevinding["loc"][0]), str(bevinding["loc"][1]) if len(bevinding["loc"]) > 1 else None
            plek = _place(pad, tekst, sectie, sleutel)
            if sleutel is not None and variable(sectie, sleutel) in omgeving:
                plek = f"De omgevingsvariabele {variable(sectie, sleutel)}"
            meldingen.append(f"{plek}: {_say(sectie, sleutel, bevinding)}.")
        raise ConfiguratieFout(*meldingen) from None
    if meldingen:
        raise ConfiguratieFout(*meldingen)
    return configuratie


def variable(sectie: str, sleutel: str) -> str:
    """Name of the environment variable that goes before a key."""
    return f"{_VOORVOEGSEL}{sectie}__{sleutel}".upper()


def _read(pad: Path) -> str:
    try:
        with pad.open("rb") as bestand:
            ruw = bestand.read(_GRENS + 1)
    except FileNotFoundError:
        raise ConfiguratieFout(f"Het configuratiebestand {pad} bestaat niet.") from None
    except OSError as fout:
        raise ConfiguratieFout(
            f"Het configuratiebestand {pad} is niet te lezen: {os.strerror(fout.errno or 0)}."
        ) from None
    if len(ruw) > _GRENS:
        raise ConfiguratieFout(f"{pad} is groter dan 1 MiB; dat is geen configuratiebestand.")
    try:
        return ruw.decode("utf-8-sig")
    except UnicodeDecodeError as fout:
        regel = ruw.count(b"\n", 0, fout.start) + 1
        raise ConfiguratieFout(f"{pad}, regel {regel}: het bestand is niet in UTF-8 geschreven.") from None


def _refuse_secrets(pad: Path, tekst: str, inhoud: Mapping[str, Any]) -> list[str]:
    database = inhoud.get("database")
    url = database.get("url") if isinstance(database, dict) else None
    if not isinstance(url, str):
        return []
    try:
        gelezen = make_url(url)
    except ArgumentError:
        return []  # the model refuses it
    if gelezen.password is None and not {"password", "passfile"} & gelezen.query.keys():
        return []
    melding = (
        f"{_place(pad, tekst, 'database', 'url')}: database.url bevat een wachtwoord. Zet het in een bestand en noem "
        f"dat met wachtwoord_bestand, of geef de hele url met de omgevingsvariabele {variable('database', 'url')}."
    )
    return [melding]


def _overlay(inhoud: dict[str, Any], omgeving: Mapping[str, str]) -> list[str]:
    """Lay environment variables over the content; return what is wrong with them."""
    meldingen = []
    bekend = {
        variable(naam, sleutel): (naam, sleutel) for naam, model in _SECTIES.items() for sleutel in model.model_fields
    }
    for naam, waarde in sorted(omgeving.items()):
        if not naam.startswith(_VOORVOEGSEL) or "__" not in naam:
            continue
        if naam not in bekend:
            meldingen.append(f"De omgevingsvariabele {naam} is onbekend{_nearest(naam, bekend)}.")
            continue
        sectie, sleutel = bekend[naam]
        if isinstance(inhoud.setdefault(sectie, {}), dict):
            inhoud[sectie][sleutel] = waarde
    return meldingen


def _say(sectie: str, sleutel: str | None, fout: ErrorDetails) -> str:
    """One fault of pydantic in Dutch."""
    soort, gegevens = fout["type"], fout.get("ctx", {})
    if soort == "missing":
        return f"de verplichte sleutel {sleutel} ontbreekt in [{sectie}]"
    if sleutel is None:
        if soort == "extra_forbidden":
            return f"de sectie of sleutel {sectie} is onbekend{_nearest(sectie, [*_SECTIES])}"
        return f"{sectie} moet een sectie zijn, dus met een kopje [{sectie}]"
    if soort == "extra_forbidden":
        return f"de sleutel {sleutel} is onbekend in [{sectie}]{_nearest(sleutel, _SECTIES[sectie].model_fields)}"
    if soort == "value_error":
        return f"{sectie}.{sleutel} {gegevens['error']}"
    gegevens = {naam: str(waarde).removesuffix(".0").replace(" or ", " of ") for naam, waarde in gegevens.items()}
    return f"{sectie}.{sleutel} {_WOORDEN.get(soort, 'heeft een ongeldige waarde').format(**gegevens)}"


def _place(pad: Path, tekst: str, sectie: str, sleutel: str | None) -> str:
    regel = find_line(tekst, sectie, sleutel)
    return f"{pad}, regel {regel}" if regel else str(pad)


def find_line(tekst: str, sectie: str, sleutel: str | None) -> int:
    """Line (from 1) where a key stands in a TOML text, else that of its section, else 0."""
    huidig, gevonden = "", 0
    for nummer, regel in enumerate(tekst.splitlines(), 1):
        if kop := re.match(r"\s*\[+\s*([^\[\]]+?)\s*\]", regel):
            huidig = kop[1].strip("\"' ")
            if huidig.split(".")[0] == sectie:
                gevonden = gevonden or nummer
                if huidig == f"{sectie}.{sleutel}":
                    return nummer
        elif (gelijk := re.match(r"\s*([\w.\"'-]+)\s*=", regel)) and (
            naam := gelijk[1].replace('"', "").replace("'", "")
        ):
            if (huidig == sectie and naam.split(".")[0] == sleutel) or (not huidig and naam == f"{sectie}.{sleutel}"):
                return nummer
            if not huidig and naam.split(".")[0] == sectie:
                gevonden = gevonden or nummer
    return gevonden


def _nearest(naam: str, bekend: Iterable[str]) -> str:
    dichtbij = difflib.get_close_matches(naam, list(bekend), n=1, cutoff=0.5)
    return f" (bedoelde u {dichtbij[0]}?)" if dichtbij else f" (bekend zijn: {', '.join(sorted(bekend))})"
