"""VSP metadata and our envelope say the same thing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.vsp.berichtstroom import functie_of
from adapters.vsp.model import BerichtMetadata, Berichtstroom, dump
from adapters.vsp.vertaling import KANAAL, role_of, to_envelop, to_metadata
from adapters.vsp.weigering import Onvertaalbaar
from routing import tijdstip
from routing.bericht import Berichtcode, Bestandsvorm, Envelop, Foutinhoud, Parameters, Stuurgegevens, Systeem
from routing.envelopvorm import from_json, to_json
from routing.functies import functies

Maak = Callable[..., Any]


def test_heenbericht(make_model: Maak) -> None:
    metadata = make_model()
    envelop = to_envelop(metadata)
    sg = envelop.stuurgegevens
    assert sg.berichtcode is Berichtcode.DI01
    assert sg.referentienummer == metadata.referentiegegevens.traceerId
    assert (sg.zender, sg.ontvanger) == (Systeem("99990001", "VECOZOWebservice"), Systeem("0518", "GGk"))
    assert sg.cross_ref is None
    assert sg.functie == "WMO315"
    assert envelop.parameters == Parameters("0001", "0000", "0003", "0002", Bestandsvorm.XML)
    assert tijdstip.read(sg.tijdstip)


def test_retour(make_model: Maak, make_uuid: Maak) -> None:
    heen, terug = make_uuid(), make_uuid()
    metadata = make_model(
        referentiegegevens={"conversatieId": heen, "traceerId": terug, "alsAntwoordOp": heen},
        routeringgegevens__berichtstroom__berichttype="WMO302",
    )
    sg = to_envelop(metadata).stuurgegevens
    assert (sg.berichtcode, sg.referentienummer, sg.cross_ref) == (Berichtcode.DU01, terug, heen)


def test_fo01_both_ways(make_model: Maak, make_uuid: Maak) -> None:
    over, eigen = make_uuid(), make_uuid()
    fout = Foutinhoud("StUF055", "client", "Niet geldig")
    metadata = make_model(
        referentiegegevens={"conversatieId": over, "traceerId": eigen, "alsAntwoordOp": over},
        routeringgegevens__berichtstroom__berichttype="Fo01",
    )
    envelop = to_envelop(metadata, fout)
    assert envelop.stuurgegevens.berichtcode is Berichtcode.FO01
    assert envelop.stuurgegevens.functie is None
    assert envelop.parameters is None
    assert envelop.fout == fout
    terug = to_metadata(envelop)
    assert terug.routeringgegevens.berichtstroom.berichttype == "Fo01"
    assert terug.referentiegegevens == metadata.referentiegegevens


def test_the_conversation_of_the_hub_is_shown(make_envelop: Maak, make_uuid: Maak) -> None:
    heen = make_uuid()
    retour = make_envelop(berichtcode=Berichtcode.DU01, cross_ref=make_uuid(), functie="WMO302")
    assert to_metadata(retour, heen).referentiegegevens.conversatieId == heen
    assert to_metadata(retour).referentiegegevens.conversatieId == retour.stuurgegevens.cross_ref


@pytest.mark.parametrize(
    ("soort", "sub", "functie"),
    [
        ("WMO301", None, "WMO301"),
        ("WMO", "301", "WMO301"),
        ("WMO301", "301", "WMO301"),
        ("WMO", "WMO301", "WMO301"),
        ("WMO301", "WMO301", "WMO301"),
        ("WMO399", None, "WMO399"),
        ("WMO", "399", "WMO399"),
    ],
)
def test_berichtstroom_names_a_functie(soort: str, sub: str | None, functie: str) -> None:
    stroom = Berichtstroom(berichttype=soort, berichtsubtype=sub, berichtversie=3, berichtsubversie=2, actie="A")
    assert functie_of(stroom) == functie


@pytest.mark.parametrize(("soort", "sub"), [("WMO301", "302"), ("WMO301", "JW301"), ("WMO301", "X"), ("W" * 31, None)])
def test_a_contradictory_berichtstroom_is_refused(soort: str, sub: str | None) -> None:
    stroom = Berichtstroom(berichttype=soort, berichtsubtype=sub, berichtversie=3, berichtsubversie=2, actie="A")
    with pytest.raises(Onvertaalbaar, match="bericht"):
        functie_of(stroom)


@pytest.mark.parametrize(
    ("anders", "veld", "woord"),
    [
        ({"referentiegegevens__conversatieId": "6f1f0e58-25ba-4b4c-9c5e-0f4f3c1f2a11"}, "conversatieId", "alsAntwoord"),
        ({"referentiegegevens__traceerId": "6f1f0e58-25ba-1b4c-9c5e-0f4f3c1f2a11"}, "traceerId", "versie 4"),
        ({"routeringgegevens__geadresseerden": []}, "geadresseerden", "geen geadresseerde"),
        (
            {"routeringgegevens__geadresseerden": [{"rol": "Gemeente", "code": "0518"}] * 2},
            "geadresseerden",
            "iedere geadresseerde een eigen bericht",
        ),
        ({"routeringgegevens__afzender__code": None}, "afzender.code", "verplicht"),
        ({"routeringgegevens__afzender__code": "0518"}, "afzender.code", "acht cijfers"),
        ({"routeringgegevens__geadresseerden": [{"rol": "gemeente", "code": "99990001"}]}, "[0].code", "vier cijfers"),
        ({"routeringgegevens__berichtstroom__berichttype": "Fo01"}, "alsAntwoordOp", "foute bericht"),
        (
            {"verwerkingscontext": [{"sleutel": "applicatie", "waarde": ["ab"]}]},
            "verwerkingscontext",
            "3 tot en met 50",
        ),
        ({"verwerkingscontext": [{"sleutel": "tijdstipBericht", "waarde": ["99999999"]}]}, "context", "moment"),
        (
            {
                "verwerkingscontext": [
                    {"sleutel": "gebruiker", "waarde": ["a"]},
                    {"sleutel": "Gebruiker", "waarde": ["b"]},
                ]
            },
            "verwerkingscontext",
            "meer dan eens",
        ),
    ],
)
def test_what_cannot_be_said_in_an_envelope(make_model: Maak, anders: dict[str, Any], veld: str, woord: str) -> None:
    with pytest.raises(Onvertaalbaar) as fout:
        to_envelop(make_model(**anders))
    plek = next(plek for plek in fout.value.fouten if plek.endswith(veld))
    assert any(woord in zin for zin in fout.value.fouten[plek])


def test_all_faults_come_at_once(make_model: Maak, make_uuid: Maak) -> None:
    metadata = make_model(
        referentiegegevens__conversatieId=make_uuid(),
        routeringgegevens__geadresseerden=[],
        routeringgegevens__afzender__code=None,
        routeringgegevens__berichtstroom__berichtsubtype="JW302",
    )
    with pytest.raises(Onvertaalbaar) as fout:
        to_envelop(metadata)
    assert len(fout.value.fouten) == 4


def test_an_answer_to_itself_is_refused(make_model: Maak, make_uuid: Maak) -> None:
    zelf = make_uuid()
    with pytest.raises(Onvertaalbaar, match="zichzelf"):
        to_envelop(make_model(referentiegegevens={"conversatieId": zelf, "traceerId": zelf, "alsAntwoordOp": zelf}))


def test_a_file_gets_the_name_given_or_one_made(make_model: Maak) -> None:
    met = make_model(
        routeringgegevens__berichtstroom__berichttype="Dummy",
        verwerkingscontext=[{"sleutel": "bestandsnaam", "waarde": ["monitor.csv"]}],
    )
    assert to_envelop(met).parameters == Parameters("0001", "0000", "0003", "0002", Bestandsvorm.TEKST, "monitor.csv")
    zonder = make_model(routeringgegevens__berichtstroom__berichttype="Dummy")
    eerste, tweede = to_envelop(zonder).parameters, to_envelop(zonder).parameters
    assert eerste == tweede
    assert eerste
    assert eerste.bestandsnaam
    assert re.fullmatch(r"[A-Za-z0-9._-]{4,255}", eerste.bestandsnaam)


def test_context_reaches_the_envelope(make_model: Maak) -> None:
    paren = {
        "Applicatie": "Zorgsuite",
        "applicatieVersie": "7",
        "ADMINISTRATIE": "Praktijk",
        "tijdstipBericht": "2026010509",
    }
    envelop = to_envelop(make_model(verwerkingscontext=[{"sleutel": k, "waarde": [v]} for k, v in paren.items()]))
    assert envelop.stuurgegevens.zender == Systeem("99990001", "Zorgsuite", "Praktijk")
    assert envelop.stuurgegevens.tijdstip == "2026010509"
    assert envelop.parameters is not None
    assert (envelop.parameters.applicatie_versie, envelop.parameters.applicatie_subversie) == ("0007", "0000")


def test_roles_follow_the_form_of_a_code() -> None:
    assert [role_of(code) for code in ("0518", "99990001", "SVB", "IB")] == [
        "Gemeente",
        "Instelling",
        "Ketenpartij",
        "Ketenpartij",
    ]


def test_a_version_that_vsp_cannot_say(make_envelop: Maak) -> None:
    with pytest.raises(Onvertaalbaar, match="999"):
        to_metadata(make_envelop(functie_versie="1000"))


# --- round trips --------------------------------------------------------------------------------------------------

_UUID4 = st.uuids(version=4).map(str)
_XML_TEKST = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn"], exclude_characters="\ufffe\uffff"), min_size=1
)
_KENMERK = st.text(st.characters(categories=["L", "N", "P", "S"], codec="utf-8"), min_size=1, max_size=60).filter(
    str.isprintable
)
_CODE = st.from_regex(r"[0-9]{4}|[0-9]{8}", fullmatch=True) | st.sampled_from(["SVB", "CAK", "VWS"])
_VIER = st.from_regex(r"[0-9]{4}", fullmatch=True)


def _text(kort: int, lang: int) -> st.SearchStrategy[str]:
    return (
        _XML_TEKST.filter(lambda t: len(t) >= kort).map(lambda t: t[:lang])
        if kort > 1
        else _XML_TEKST.map(lambda t: t[:lang])
    )


@st.composite
def envelops(draw: st.DrawFn) -> Envelop:
    """Envelopes as StUF brings them, of functies that are known."""
    code = draw(st.sampled_from(list(Berichtcode)))
    zender = Systeem(draw(_CODE), draw(_text(3, 50)), draw(st.none() | _text(1, 50)), draw(st.none() | _text(1, 100)))
    functie = draw(st.sampled_from(sorted(functies(), key=str)))
    vorm = functies()[functie].vorm
    sg = Stuurgegevens(
        berichtcode=code,
        zender=zender,
        ontvanger=Systeem(draw(_CODE), "GGk"),
        referentienummer=draw(_UUID4),
        tijdstip=draw(st.sampled_from(["20260105", "2026010509", "20260105091500", "20260105091500123"])),
        cross_ref=None if code is Berichtcode.DI01 else draw(_UUID4),
        functie=None if code is Berichtcode.FO01 else functie[0],
    )
    naam = st.from_regex(r"[A-Za-z0-9._-]{4,255}", fullmatch=True)
    if code is Berichtcode.FO01:
        return Envelop(sg, fout=Foutinhoud("IB010", "client", "Ontvanger onbekend", draw(st.none() | _text(1, 99))))
    return Envelop(
        sg,
        Parameters(
            draw(_VIER),
            draw(_VIER),
            f"{draw(st.integers(0, 999)):04d}",
            f"{draw(st.integers(0, 999)):04d}",
            vorm,
            draw(naam) if vorm is Bestandsvorm.TEKST else None,
        ),
    )


@given(envelops())
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_an_envelope_survives_vsp(envelop: Envelop) -> None:
    sg = envelop.stuurgegevens
    if sg.cross_ref == sg.referentienummer:
        return
    metadata = BerichtMetadata.model_validate_json(dump(to_metadata(envelop)))
    terug = to_envelop(metadata, envelop.fout)
    assert replace(terug, kanaalgegevens={}) == envelop
    assert to_metadata(terug) == metadata
    assert from_json(to_json(terug)) == terug


@st.composite
def metadatas(draw: st.DrawFn) -> BerichtMetadata:
    """What a VSP partij may push, with any role, actie, reference and context of its own."""
    traceer = draw(_UUID4)
    antwoord = draw(st.none() | _UUID4)
    code = draw(_CODE)
    rol = {"Gemeente": st.just("Gemeente"), "Instelling": st.sampled_from(["Instelling", "Praktijk"])}
    anders = _KENMERK.filter(lambda r: r.casefold() not in {"gemeente", "instelling", "praktijk", "zorgverlener"})
    functie = draw(st.sampled_from(sorted(functies(), key=str)))
    sleutels = st.lists(_KENMERK.map(lambda k: f"eigen-{k}"), max_size=4)
    paren = [{"sleutel": k, "waarde": draw(st.lists(_text(1, 250), min_size=1, max_size=3))} for k in draw(sleutels)]
    vorm: dict[str, Any] = {
        "routeringgegevens": {
            "afzender": {"rol": draw(rol.get(role_of(code), anders)), "code": code},
            "geadresseerden": [{"rol": draw(anders), "code": draw(_CODE)}],
            "berichtstroom": {
                "berichttype": functie[0],
                "berichtversie": draw(st.integers(0, 999)),
                "berichtsubversie": draw(st.integers(0, 999)),
                "actie": draw(_KENMERK),
            },
        },
        "referentiegegevens": {"conversatieId": antwoord or traceer, "traceerId": traceer},
    }
    if antwoord:
        vorm["referentiegegevens"]["alsAntwoordOp"] = antwoord
    if draw(st.booleans()):
        vorm["referentiegegevens"]["referentieId"] = draw(_KENMERK)
    if paren:
        vorm["verwerkingscontext"] = paren
    return BerichtMetadata.model_validate_json(json.dumps(vorm))


@given(metadatas())
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_metadata_come_back_as_they_were_sent(metadata: BerichtMetadata) -> None:
    envelop = from_json(to_json(to_envelop(metadata)))
    assert to_metadata(envelop) == metadata
    assert KANAAL in envelop.kanaalgegevens
