from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from inleveren import Inleveraar
from sjabloon import make_tables
from sqlalchemy import Connection, insert, text
from verhaal import AANBIEDER, GEMEENTE, Verhaal

from knooppunt import beheer
from knooppunt.achterstand import Achterstand, read_achterstand, read_beheercijfers, touch
from knooppunt.beheer import Beheer
from knooppunt.meting import GeteldeBezorger, GeteldeInnemer, Meting
from knooppunt.migratiestand import fits
from routing import schema
from routing.bericht import Aanlevering, Berichtcode, Envelop, Identiteit, Stuurgegevens, Systeem
from routing.fouten import make_fout
from routing.klok import Klok
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.payload import Payload
from routing.poorten import Ontvangst, Ontvangstsoort, Uitkomst, Uitkomstsoort, Zending


@pytest.fixture
def klok() -> Klok:
    return Klok()


@pytest.fixture
async def opslag(tmp_path: Path, klok: Klok) -> AsyncIterator[Opslag]:
    url = f"sqlite:///{tmp_path}/k.db"
    make_tables(url)
    opslag = Opslag(url, klok=klok)
    yield opslag
    await opslag.close()


def fill(conn: Connection, lane: str, kanaal: str, momenten: list[int]) -> None:
    """Put berichten that were received at `momenten` in a lane, as the tables hold them."""
    conn.execute(insert(schema.lane).values(naam=lane, kanaal=kanaal, pending=len(momenten)))
    for seq, moment in enumerate(momenten, 1):
        rij = dict.fromkeys(
            ("zender", "berichtcode", "conversatie", "status", "kanaal", "envelop", "envelop_digest"), "x"
        ) | dict.fromkeys(("payload_digest", "ontvangst_referentie", "ontvangst_tijdstip", "ontvanger"), "x")
        rij |= {"id": f"{lane}{seq}", "referentienummer": f"{lane}{seq}", "payload_grootte": 1}
        conn.execute(insert(schema.bericht).values(rij | {"geldend": True, "status_op": 1, "ontvangen_op": moment}))
        conn.execute(
            insert(schema.aflevering).values(lane=lane, seq=seq, bericht_id=rij["id"], open=True, expires_at=10**15)
        )


async def test_the_backlog_is_counted_per_kanaal_with_the_age_of_the_oldest(opslag: Opslag):
    await opslag.write(fill, "0193", "push", [1_000, 2_000])
    await opslag.write(fill, "0344", "push", [500])
    await opslag.write(fill, "41000001", "pull", [3_000])
    await opslag.write(fill, "41000002", "pull", [])
    pull, push = await opslag.read(read_achterstand)
    nu = (await opslag.read(lambda conn: conn.execute(text("SELECT unixepoch()")).scalar_one())) * 1000
    assert (push.kanaal, push.berichten, push.lanes) == ("push", 3, 2)
    assert (pull.kanaal, pull.berichten, pull.lanes) == ("pull", 1, 1)
    assert push.oudste_seconden - pull.oudste_seconden == pytest.approx(2.5, abs=0.001)
    assert push.oudste_seconden == pytest.approx((nu - 500) / 1000, abs=5)


async def test_what_stands_still_is_counted_until_it_goes_on(opslag: Opslag):
    def stop(conn: Connection) -> None:
        for nummer, anders in enumerate(
            (
                {"paused_by": "an", "paused_at": 1},
                {"paused_by": "an", "paused_at": 1, "paused_until": 10**15},
                {"paused_by": "an", "paused_at": 1, "paused_until": 2},  # ended by itself
                {"breaker_since": 1},
            )
        ):
            conn.execute(insert(schema.lane).values(naam=f"L{nummer}", kanaal="push", **anders))
        fill(conn, "0193", "push", [1, 2])
        conn.execute(text("UPDATE aflevering SET open = 0, quarantaine_op = 1 WHERE seq = 1"))
        wat = {
            "lane": "0193",
            "kanaal": "push",
            "partij": "0193",
            "standaard": "iwmo",
            "release": "3.3",
            "stroom": "heen",
        }
        conn.execute(insert(schema.aangehouden).values(bericht_id="01932", **wat))
        conn.execute(insert(schema.onderhoud), [{"taak": "bewaren", "next_due": 1}, {"taak": "nieuw", "next_due": 0}])

    await opslag.write(stop)
    cijfers = await opslag.read(read_beheercijfers)
    assert (cijfers.gepauzeerd, cijfers.onderbroken, cijfers.quarantaine, cijfers.aangehouden) == (2, 1, 1, 1)
    assert cijfers.over_tijd["bewaren"] > 10**9
    assert cijfers.over_tijd["nieuw"] == 0
    meting = Meting()
    meting.show_cijfers(cijfers)
    tekst = meting.render().decode()
    for regel in ("lanes_gepauzeerd 2.0", "onderbrekers_open 1.0", "quarantaine 1.0", "aangehouden 1.0"):
        assert f"\nknooppunt_{regel}\n" in tekst
    assert 'knooppunt_onderhoud_over_tijd_seconden{taak="nieuw"} 0.0' in tekst
    meting.forget()
    tekst = meting.render().decode()
    assert "knooppunt_quarantaine NaN" in tekst
    assert 'over_tijd_seconden{taak="nieuw"}' not in tekst


async def test_touch_changes_nothing_and_is_a_write(opslag: Opslag):
    await opslag.write(touch)
    with pytest.raises(Exception, match="te lezen"):
        await opslag.read(touch)


async def test_tables_fit_after_upgrade_only(tmp_path: Path, opslag: Opslag):
    assert await opslag.read(fits)
    leeg = Opslag(f"sqlite:///{tmp_path}/leeg.db")
    assert not await leeg.read(fits)
    await leeg.close()


@pytest.mark.parametrize(("stand", "past"), [("0001", False), ("9999_van_later", True)])
async def test_tables_of_an_older_release_do_not_fit_and_those_of_a_newer_one_do(
    opslag: Opslag, stand: str, *, past: bool
):
    """A node of the old release keeps working while one of the new release brings the tables up to date."""
    await opslag.write(lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = :s"), {"s": stand}))
    assert await opslag.read(fits) is past


def test_metrics_show_a_backlog_and_forget_it():
    meting = Meting()
    meting.show([Achterstand("push", 3, 2, 1.5)])
    tekst = meting.render().decode()
    assert 'knooppunt_wachtend{kanaal="push"} 3.0' in tekst
    assert 'knooppunt_wachtend{kanaal="pull"} 0.0' in tekst
    assert 'knooppunt_oudste_wachtend_seconden{kanaal="push"} 1.5' in tekst
    meting.forget()
    assert "knooppunt_wachtend{" not in meting.render().decode()


async def test_intake_and_delivery_are_counted_by_what_they_answer():
    meting = Meting()
    fout = make_fout("referentienummer_niet_uniek", "B")

    antwoorden = [
        Ontvangst(Ontvangstsoort.AANGENOMEN, "r", "t", "id"),
        Ontvangst(Ontvangstsoort.GEWEIGERD, "r", "t", fout=fout),
    ]

    class Innemer:
        async def accept(self, _aanlevering: Aanlevering) -> Ontvangst:
            return antwoorden.pop(0)

    class Bezorger:
        gesloten = False

        async def deliver(self, _zending: Zending) -> Uitkomst:
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "niet nu")

        async def close(self) -> None:
            self.gesloten = True

    sg = Stuurgegevens(Berichtcode.DI01, Systeem("0193"), Systeem("0344"), "ref", "20260101")
    aanlevering = Aanlevering(Envelop(sg), Payload(b"x"), Identiteit(None, "ab"), "stuf")
    innemer = GeteldeInnemer(Innemer(), meting)
    assert (await innemer.accept(aanlevering)).bericht_id == "id"
    assert (await innemer.accept(aanlevering)).fout == fout
    binnen = Bezorger()
    bezorger = GeteldeBezorger(binnen, "stuf", meting)
    zending: Zending = None  # type: ignore[assignment] # the stub does not look at it
    assert (await bezorger.deliver(zending)).soort is Uitkomstsoort.TIJDELIJK
    await bezorger.close()
    tekst = meting.render().decode()
    assert "_created" not in tekst
    assert 'knooppunt_ontvangen_total{antwoord="aangenomen",foutcode="",kanaal="stuf"} 1.0' in tekst
    assert f'knooppunt_ontvangen_total{{antwoord="geweigerd",foutcode="{fout.code}",kanaal="stuf"}} 1.0' in tekst
    assert 'knooppunt_bezorgpogingen_total{protocol="stuf",uitkomst="tijdelijk"} 1.0' in tekst
    assert binnen.gesloten


async def test_ready_says_which_part_does_not_work_and_not_why(opslag: Opslag):
    async def goed() -> None:
        await asyncio.sleep(0)

    async def stuk() -> None:
        raise RuntimeError("postgresql://u:geheim@h")

    meting = Meting()
    for controles, status in (({"a": goed}, 200), ({"a": goed, "b": stuk}, 503)):
        async with TestClient(TestServer(Beheer(opslag, meting, controles).application())) as client:
            assert (await client.get("/livez")).status == 200
            antwoord = await client.get("/readyz")
            assert antwoord.status == status
            assert (await antwoord.json())["controles"] == {naam: c is goed for naam, c in controles.items()}
            assert "geheim" not in await antwoord.text()


async def test_what_the_hub_answers_for_itself_is_told_and_leaves_it_ready(opslag: Opslag):
    async def vol() -> None:
        raise RuntimeError

    async with TestClient(TestServer(Beheer(opslag, Meting(), {}, None, {"ruimte": vol}).application())) as client:
        antwoord = await client.get("/readyz")
        assert (antwoord.status, await antwoord.json()) == (200, {"status": "ok", "controles": {"ruimte": False}})


async def test_ready_answers_in_time_however_many_parts_hang(opslag: Opslag, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(beheer, "GEDULD_SECONDEN", 0.01)
    verloop = []

    async def hangt() -> None:
        verloop.append("begin")
        try:
            await asyncio.Event().wait()
        finally:
            verloop.append("eind")

    async with TestClient(TestServer(Beheer(opslag, Meting(), dict.fromkeys("abc", hangt)).application())) as client:
        assert (await client.get("/readyz")).status == 503
    assert verloop == ["begin"] * 3 + ["eind"] * 3


async def test_metrics_are_given_even_when_the_database_is_away(opslag: Opslag):
    async with TestClient(TestServer(Beheer(opslag, Meting(), {}).application())) as client:
        antwoord = await client.get("/metrics")
        assert "knooppunt_wachtend{" in await antwoord.text()
        assert antwoord.headers["Content-Type"].startswith("text/plain; version=")
        await opslag.close()
        antwoord = await client.get("/metrics")
        assert (antwoord.status, "knooppunt_wachtend{" in await antwoord.text()) == (200, False)


def test_every_metric_stands_in_the_documentation():
    document = (Path(__file__).parents[2] / "docs" / "beheer.md").read_text("utf-8")
    for naam in (regel.split()[2] for regel in Meting().render().decode().splitlines() if regel.startswith("# TYPE")):
        assert f"`{naam}`" in document


async def test_late_terms_are_counted_per_functie_and_rule_and_name_no_partij(
    opslag: Opslag, klok: Klok, tmp_path: Path
):
    hub = Inleveraar(opslag, Kluis.create(tmp_path / "sleutels"))
    await hub.register()
    nummer = await hub.send(Verhaal("iwmo").wijs_toe())
    klok.verschuiving_ms += 20 * 86_400_000
    async with TestClient(TestServer(Beheer(opslag, Meting(), {}).application())) as client:
        tekst = await (await client.get("/metrics")).text()
        assert 'knooppunt_keten_te_laat{functie="WMO301",regel="OP090"} 1.0' in tekst
        assert not any(geheim in tekst for geheim in (nummer, GEMEENTE, AANBIEDER))
        await hub.send(Verhaal("iwmo").wijs_toe())
        klok.verschuiving_ms += 20 * 86_400_000
        tekst = await (await client.get("/metrics")).text()
        assert 'knooppunt_keten_te_laat{functie="WMO301",regel="OP090"} 1.0' in tekst  # counted once a minute at most
        await opslag.close()
        assert "knooppunt_keten_te_laat{" not in await (await client.get("/metrics")).text()
