"""An envelope as JSON in the log, and back, without losing anything."""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii as _text
from typing import Any

from routing.bericht import Berichtcode, Bestandsvorm, Envelop, Foutinhoud, Parameters, Stuurgegevens, Systeem

# ASCII: a NUL or a half surrogate in kanaalgegevens is then an escape that every database can keep.
_SCHRIJVER = json.JSONEncoder(allow_nan=False, sort_keys=True, separators=(",", ":"))


def to_json(envelop: Envelop) -> str:
    """Write an envelope as JSON (ASCII, stable key order); `from_json` gives back an equal one.

    Raises:
        ValueError: `kanaalgegevens` holds something that JSON cannot give back: a number that is no number, or a key
            that is not text.
        TypeError: `kanaalgegevens` holds a value of a kind that JSON does not know.
    """
    return to_json_pair(envelop)[0]


def to_json_pair(envelop: Envelop) -> tuple[str, str]:
    """Write an envelope as `to_json` does, and once more with an empty tijdstip.

    Part by part: what `json` does for any value costs many times that.

    Raises:
        ValueError, TypeError: as `to_json`.
    """
    sg, parameters, fout = envelop.stuurgegevens, envelop.parameters, envelop.fout
    delen = []  # in the order of their names; what is empty is left out
    if fout:
        delen.append(
            f'"fout":{{"code":{_text(fout.code)},{_optional("details", fout.details)}'
            f'"omschrijving":{_text(fout.omschrijving)},"plek":{_text(fout.plek)}}},'
        )
    if envelop.kanaalgegevens:
        delen.append(f'"kanaalgegevens":{_SCHRIJVER.encode(_checked(envelop.kanaalgegevens))},')
    if parameters:
        delen.append(
            f'"parameters":{{"applicatie_subversie":{_text(parameters.applicatie_subversie)},'
            f'"applicatie_versie":{_text(parameters.applicatie_versie)},'
            f"{_optional('bestandsnaam', parameters.bestandsnaam)}"
            f'"functie_subversie":{_text(parameters.functie_subversie)},'
            f'"functie_versie":{_text(parameters.functie_versie)},"vorm":{_text(parameters.vorm)}}},'
        )
    voor = (
        f'{{{"".join(delen)}"stuurgegevens":{{"berichtcode":{_text(sg.berichtcode)},'
        f"{_optional('cross_ref', sg.cross_ref)}{_optional('functie', sg.functie)}"
        f'"ontvanger":{_system(sg.ontvanger)},"referentienummer":{_text(sg.referentienummer)},"tijdstip":'
    )
    na = f',"zender":{_system(sg.zender)}}}}}'
    return f"{voor}{_text(sg.tijdstip)}{na}", f'{voor}""{na}'


def from_json(tekst: str) -> Envelop:
    """Read what `to_json` wrote.

    Raises:
        ValueError, KeyError, TypeError: it is not such a text.
    """
    vorm = json.loads(tekst)
    sg, parameters, fout = vorm["stuurgegevens"], vorm.get("parameters"), vorm.get("fout")
    return Envelop(
        stuurgegevens=Stuurgegevens(
            **sg
            | {
                "berichtcode": Berichtcode(sg["berichtcode"]),
                "zender": Systeem(**sg["zender"]),
                "ontvanger": Systeem(**sg["ontvanger"]),
            }
        ),
        parameters=Parameters(**parameters | {"vorm": Bestandsvorm(parameters["vorm"])}) if parameters else None,
        fout=Foutinhoud(**fout) if fout else None,
        kanaalgegevens=vorm.get("kanaalgegevens", {}),
    )


def _system(systeem: Systeem) -> str:
    return (
        f'{{{_optional("administratie", systeem.administratie)}"applicatie":{_text(systeem.applicatie)},'
        f'{_optional("gebruiker", systeem.gebruiker)}"organisatie":{_text(systeem.organisatie)}}}'
    )


def _optional(naam: str, waarde: str | None) -> str:
    return "" if waarde is None else f'"{naam}":{_text(waarde)},'


def _checked(waarde: Any) -> Any:
    """Return `waarde` when JSON gives back the same: json.dumps silently turns keys into text and tuples into lists."""
    if isinstance(waarde, dict):
        if not all(isinstance(sleutel, str) for sleutel in waarde):
            raise ValueError("a key in kanaalgegevens is not text")
        for deel in waarde.values():
            _checked(deel)
    elif isinstance(waarde, list):
        for deel in waarde:
            _checked(deel)
    elif not isinstance(waarde, str | int | float | None):
        raise TypeError(f"kanaalgegevens cannot hold a {type(waarde).__name__}")
    return waarde
