from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, insert

from knooppunt import inzicht
from routing import schema

T0 = 1_790_000_000_000
HEEN = "11111111-1111-4111-8111-111111111111"
RETOUR = "22222222-2222-4222-8222-222222222222"
FOUT = "33333333-3333-4333-8333-333333333333"
ANDER = "11112222-1111-4111-8111-111111111111"


def _bericht(conn: Connection, bericht_id: str, referentie: str, **meer: Any) -> None:
    waarden: dict[str, Any] = {
        "id": bericht_id,
        "zender": "0193",
        "ontvanger": "99010001",
        "berichtcode": "Di01",
        "functie": "WMO301",
        "referentienummer": referentie,
        "cross_ref": None,
        "conversatie": referentie,
        "geldend": True,
        "status": "Bezorgd",
        "status_op": T0 + 500,
        "ontvangen_op": T0,
        "kanaal": "stuf",
        "envelop": "{}",
        "envelop_digest": "e",
        "payload_digest": "d",
        "payload_grootte": 123,
        "ontvangst_referentie": "r",
        "ontvangst_tijdstip": "20261123",
    }
    conn.execute(insert(schema.bericht).values({**waarden, **meer}))


@pytest.fixture(params=["sqlite", "postgres"])
def conn(request: pytest.FixtureRequest) -> Iterator[Connection]:
    engine = create_engine("sqlite://" if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    schema.metadata.create_all(engine)
    with engine.connect() as verbinding:
        _bericht(verbinding, "a", HEEN)
        _bericht(
            verbinding,
            "b",
            RETOUR,
            zender="99010001",
            ontvanger="0193",
            berichtcode="Du01",
            functie="WMO302",
            cross_ref=HEEN,
            conversatie=HEEN,
            ontvangen_op=T0 + 60_000,
        )
        _bericht(
            verbinding,
            "c",
            FOUT,
            zender="IB",
            ontvanger="0193",
            berichtcode="Fo01",
            functie=None,
            cross_ref=ANDER,
            conversatie=ANDER,
            ontvangen_op=T0 + 120_000,
        )
        _bericht(
            verbinding,
            "d",
            ANDER,
            status="Afgekeurd",
            ontvangen_op=T0 + 119_000,
            fout_code="IB010",
            fout_melder="VECOZO",
            fout_omschrijving="De ontvanger is niet bekend",
        )
        for soort, status, toelichting in (
            ("ontvangst", "Ontvangen", {}),
            ("route", None, {"stappen": [{"naam": "zender", "uitkomst": "ok", "uitleg": "mag"}], "besluit": "oud"}),
            (
                "route",
                "Afgekeurd",
                {
                    "stappen": [
                        {"naam": "zender", "uitkomst": "ok", "uitleg": "mag"},
                        {"naam": "ontvanger", "uitkomst": "fout", "uitleg": "onbekend"},
                    ],
                    "besluit": "afgekeurd met IB010",
                },
            ),
        ):
            verbinding.execute(
                insert(schema.gebeurtenis).values(
                    bericht_id="d", moment=T0, soort=soort, status=status, toelichting=json.dumps(toelichting)
                )
            )
        verbinding.execute(insert(schema.lane).values(naam="99010001", kanaal="push"))
        verbinding.execute(
            insert(schema.aflevering).values(
                lane="99010001", seq=1, bericht_id="a", open=False, attempts=3, expires_at=T0 + 9, done_at=T0 + 5
            )
        )
        yield verbinding
    engine.dispose()


def _refs(berichten: tuple[inzicht.Bericht, ...]) -> list[str]:
    return [bericht.referentienummer for bericht in berichten]


@pytest.mark.parametrize(
    ("vraag", "verwacht"),
    [
        (inzicht.Zoekvraag(), [FOUT, ANDER, RETOUR, HEEN]),
        (inzicht.Zoekvraag(aantal=2), [FOUT, ANDER]),
        (inzicht.Zoekvraag(referentie="1111"), [ANDER, HEEN]),
        (inzicht.Zoekvraag(referentie=HEEN), [HEEN]),
        (inzicht.Zoekvraag(referentie="%"), []),
        (inzicht.Zoekvraag(referentie="_111"), []),
        (inzicht.Zoekvraag(zender="99010001"), [RETOUR]),
        (inzicht.Zoekvraag(ontvanger="0193"), [FOUT, RETOUR]),
        (inzicht.Zoekvraag(functie="wmo301", status="Afgekeurd"), [ANDER]),
        (inzicht.Zoekvraag(functie="' OR 1=1 --"), []),
    ],
)
def test_search_applies_every_filter(conn: Connection, vraag: inzicht.Zoekvraag, verwacht: list[str]) -> None:
    assert _refs(inzicht.search(conn, vraag)) == verwacht


def test_period_includes_its_start_and_not_its_end(conn: Connection) -> None:
    begin = datetime.fromtimestamp(T0 / 1000, tz=UTC)
    eind = begin + timedelta(seconds=60)
    assert _refs(inzicht.search(conn, inzicht.Zoekvraag(vanaf=begin, tot=eind))) == [HEEN]
    assert _refs(inzicht.search(conn, inzicht.Zoekvraag(vanaf=eind))) == [FOUT, ANDER, RETOUR]


def test_period_without_time_zone_is_refused(conn: Connection) -> None:
    with pytest.raises(ValueError, match="time zone"):
        inzicht.search(conn, inzicht.Zoekvraag(vanaf=datetime(2026, 1, 1)))  # noqa: DTZ001 - the point of the test


def test_find_takes_a_beginning_and_says_when_it_is_not_enough(conn: Connection) -> None:
    assert inzicht.find(conn, "2222").id == "b"
    with pytest.raises(inzicht.Onbekend):
        inzicht.find(conn, "9999")
    with pytest.raises(inzicht.Onbekend):
        inzicht.find(conn, "")
    with pytest.raises(inzicht.Meerduidig) as fout:
        inzicht.find(conn, "1111")
    assert _refs(fout.value.berichten) == [ANDER, HEEN]


def test_find_prefers_the_try_that_counts(conn: Connection) -> None:
    _bericht(conn, "oud", HEEN, geldend=False, status="Afgekeurd", ontvangen_op=T0 - 10)
    assert inzicht.find(conn, HEEN).id == "a"


def test_dossier_holds_explanation_conversation_and_deliveries(conn: Connection) -> None:
    afgekeurd = inzicht.dossier(conn, inzicht.find(conn, ANDER))
    assert [stap.uitkomst for stap in afgekeurd.uitleg.stappen] == ["ok", "fout"]
    assert afgekeurd.uitleg.besluit == "afgekeurd met IB010"
    assert _refs(afgekeurd.gesprek) == [ANDER, FOUT]

    bezorgd = inzicht.dossier(conn, inzicht.find(conn, HEEN))
    assert bezorgd.uitleg == inzicht.Uitleg((), "")
    assert _refs(bezorgd.gesprek) == [HEEN, RETOUR]
    assert [(aflevering.open, aflevering.pogingen) for aflevering in bezorgd.afleveringen] == [(False, 3)]


def test_conversation_is_the_same_from_either_end(conn: Connection) -> None:
    heen, fo01 = inzicht.find(conn, HEEN), inzicht.find(conn, FOUT)
    assert inzicht.conversation(conn, heen) == inzicht.conversation(conn, inzicht.find(conn, RETOUR))
    assert _refs(inzicht.conversation(conn, fo01)) == [ANDER, FOUT]
