"""Envelopes survive the log unchanged, whatever is in them."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.bericht import Berichtcode, Bestandsvorm, Envelop, Foutinhoud, Parameters, Stuurgegevens, Systeem
from routing.envelopvorm import from_json, to_json, to_json_pair

TEKST = st.text(st.characters(exclude_categories=[]), max_size=12)  # half surrogates and NUL included
MAG = st.none() | TEKST
SYSTEEM = st.builds(Systeem, TEKST, TEKST, MAG, MAG)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEKST,
    lambda deel: st.lists(deel, max_size=3) | st.dictionaries(TEKST, deel, max_size=3),
    max_leaves=6,
)
ENVELOP = st.builds(
    Envelop,
    st.builds(Stuurgegevens, st.sampled_from(Berichtcode), SYSTEEM, SYSTEEM, TEKST, TEKST, MAG, MAG),
    st.none() | st.builds(Parameters, TEKST, TEKST, TEKST, TEKST, st.sampled_from(Bestandsvorm), MAG),
    st.none() | st.builds(Foutinhoud, TEKST, TEKST, TEKST, MAG),
    st.dictionaries(TEKST, JSON, max_size=3),
)
KAAL = Stuurgegevens(Berichtcode.DI01, Systeem("0344"), Systeem("99010001"), "r", "20261123")


@given(ENVELOP)
def test_round_trip_is_exact(envelop: Envelop):
    tekst = to_json(envelop)
    assert from_json(tekst) == envelop
    assert tekst.isascii()
    assert to_json(from_json(tekst)) == tekst
    tijdloos = replace(envelop, stuurgegevens=replace(envelop.stuurgegevens, tijdstip=""))
    assert to_json_pair(envelop) == (tekst, to_json(tijdloos))
    terug = from_json(tekst)
    assert type(terug.stuurgegevens.berichtcode) is Berichtcode
    # True and 1 are equal in Python, but not in JSON.
    assert json.dumps(terug.kanaalgegevens, sort_keys=True) == json.dumps(envelop.kanaalgegevens, sort_keys=True)


def test_every_field_of_every_part_is_written():
    systeem = Systeem("0344", "a", "b", "c")
    sg = Stuurgegevens(Berichtcode.FO01, systeem, replace(systeem, gebruiker="d"), "r", "2026", "k", "WMO301")
    parameters = Parameters("0001", "0002", "0003", "0004", Bestandsvorm.TEKST, "naam.txt")
    envelop = Envelop(sg, parameters, Foutinhoud("StUF001", "client", "oms", "det"), {"x": 1})
    assert json.loads(to_json(envelop)) == asdict(envelop)
    assert not [soort for soort in (sg, systeem, parameters, envelop.fout) if None in asdict(soort).values()]


def test_the_text_never_changes():
    """The digest that tells a repetition from a conflict rests on it, and berichten of years ago have theirs."""
    sg = Stuurgegevens(
        Berichtcode.DU01, Systeem("0344", 'A"é'), Systeem("99010001", "", "x", "y"), "r", "2026", "c", "WMO302"
    )
    envelop = Envelop(sg, Parameters("0001", "0000", "0003", "0002"), None, {"b": [1, None], "a": {"tijdstip": "1"}})
    geheel = (
        '{"kanaalgegevens":{"a":{"tijdstip":"1"},"b":[1,null]},'
        '"parameters":{"applicatie_subversie":"0000","applicatie_versie":"0001","functie_subversie":"0002",'
        '"functie_versie":"0003","vorm":"xmlBestand"},'
        '"stuurgegevens":{"berichtcode":"Du01","cross_ref":"c","functie":"WMO302",'
        '"ontvanger":{"administratie":"x","applicatie":"","gebruiker":"y","organisatie":"99010001"},'
        '"referentienummer":"r","tijdstip":"2026","zender":{"applicatie":"A\\"\\u00e9","organisatie":"0344"}}}'
    )
    assert to_json_pair(envelop) == (geheel, geheel.replace('"2026"', '""'))


@pytest.mark.parametrize("waarde", [math.nan, math.inf, (1, 2), {1: 2}, b"x", {"a": [{2: 3}]}, object()])
def test_what_json_would_change_is_refused(waarde: object):
    with pytest.raises((ValueError, TypeError)):
        to_json(Envelop(KAAL, kanaalgegevens={"x": waarde}))


@pytest.mark.parametrize("tekst", ["", "{}", "[]", '{"stuurgegevens": {"berichtcode": "Xx99"}}'])
def test_other_text_is_refused(tekst: str):
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_json(tekst)
