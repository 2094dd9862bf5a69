"""An envelope as JSON in the log, and back, without losing anything."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import cache
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

from routing.bericht import Berichtcode, Bestandsvorm, Envelop, Foutinhoud, Parameters, Stuurgegevens, Systeem

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

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

    Raises:
        ValueError, TypeError: as `to_json`.
    """
    delen = []  # in the order of their names; what is empty is left out
    if envelop.fout:
        delen.append(f'"fout":{_write(envelop.fout)}')
    if envelop.kanaalgegevens:
        delen.append(f'"kanaalgegevens":{_SCHRIJVER.encode(_checked(envelop.kanaalgegevens))}')
    if envelop.parameters:
        delen.append(f'"parameters":{_write(envelop.parameters)}')
    delen.append(f'"stuurgegevens":{_write(envelop.stuurgegevens)}')
    geheel = f"{{{','.join(delen)}}}"
    voor, naam, na = geheel.rpartition('"tijdstip":')  # a value cannot look like this: its quotes are escaped
    return geheel, f'{voor}{naam}""{na[len(_write(envelop.stuurgegevens.tijdstip)) :]}'


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


def _write(waarde: str | DataclassInstance) -> str:
    """Write a text, or the fields of a part that are not None; what `json` does for any value costs several times that.

    Raises:
        TypeError: a field is neither.
    """
    if isinstance(waarde, str):
        return encode_basestring_ascii(waarde)
    namen = _names(type(waarde))
    delen = [f'"{naam}":{_write(deel)}' for naam in namen if (deel := getattr(waarde, naam)) is not None]
    return f"{{{','.join(delen)}}}"


@cache
def _names(soort: type[DataclassInstance]) -> tuple[str, ...]:
    return tuple(sorted(veld.name for veld in fields(soort)))


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
