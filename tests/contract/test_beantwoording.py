"""The hub answers for a partij without software, on both databases: what is stored, delivered, kept back and told."""

from __future__ import annotations

import json
import sys
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import Connection, Row, select
from stijlpakket import BASIS, fout, installeer, on, stijl
from verhaal import AANBIEDER, GEMEENTE, VANDAAG, Verhaal

from istandaarden.catalogus import ingebouwd
from istandaarden.herkenning import recognise
from istandaarden.regels.registers import Vasteregisters
from istandaarden.retour import Retourfout
from istandaarden.standaardmap import VARIABELE
from istandaarden.toets import validate
from istandaarden.voorbeeld import make_voorbeeld
from routing import beantwoording, registerimport, schema
from routing.bericht import Aanlevering, Berichtcode, Envelop, Identiteit, Parameters, Stuurgegevens, Systeem
from routing.dossier import Dossier
from routing.envelopvorm import from_json
from routing.foutbericht import Foutmelder
from routing.fouten import make_fout
from routing.intake import Intake
from routing.kluis import Kluis, Verzegeld
from routing.opslag import Opslag
from routing.payload import DREMPEL, Payload
from routing.poorten import Ontvangst, Ontvangstsoort
from routing.regeltoets import Regeltoets
from routing.register import RegisterBron
from routing.status import Status
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen

_CERT_G = Identiteit("1" * 20, "aa" * 32)
_CERT_A = Identiteit("2" * 20, "bb" * 32)


def _register(gemeente: str, aanbieder: str = "", mag_ontvangen: str = '"WMO*", "JW*"') -> str:
    return f"""
[[partij]]
code = "{GEMEENTE}"
url = "https://127.0.0.1:1/ggk"
identiteiten = ["oin:{_CERT_G.oin}"]
mag_zenden = ["WMO*", "JW*"]
mag_ontvangen = ["WMO*", "JW*"]
{gemeente}

[[partij]]
code = "{AANBIEDER}"
naam = "Zorg voor Elkaar"
kanaal = "pull"
protocol = "vsp"
identiteiten = ["oin:{_CERT_A.oin}"]
mag_zenden = ["WMO*", "JW*"]
mag_ontvangen = [{mag_ontvangen}]
{aanbieder}
"""


class Hub:
    """An intake with rules and everything behind it, and eyes on the tables."""

    def __init__(self, opslag: Opslag, sleutels: Path) -> None:
        self.opslag = opslag
        self.kluis = Kluis.create(sleutels)
        self.bron = RegisterBron()
        self.gewekt: list[str] = []
        regeltoets = Regeltoets(Dossier(opslag, self.kluis), Vasteregisters(None, lambda: VANDAAG))
        melder = Foutmelder(self.kluis, self.bron, Termijnen(push=60_000, pull=60_000))
        self.intake = Intake(opslag, melder, Toetser(regeltoets=regeltoets), self.gewekt.append)

    async def register(self, gemeente: str, **anders: str) -> None:
        tekst = _register(gemeente, **anders)
        await self.opslag.write(registerimport.store, registerimport.parse_toml(tekst))
        await self.bron.refresh(self.opslag)

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        return await self.intake.accept(aanlevering)

    async def rows(self) -> list[Row[Any]]:
        """Every bericht, in the order in which they came."""
        b, g = schema.bericht, schema.gebeurtenis

        def read(conn: Connection) -> list[Row[Any]]:
            eerste = select(g.c.bericht_id).order_by(g.c.id)
            volgorde = list(dict.fromkeys(conn.execute(eerste).scalars()))
            return sorted(conn.execute(select(b)), key=lambda rij: volgorde.index(rij.id))

        return await self.opslag.read(read)

    async def payload(self, bericht_id: str) -> bytes:
        def read(conn: Connection) -> bytes:
            b, p = schema.bericht, schema.payload
            rij = conn.execute(select(b, p).join(p, p.c.bericht_id == b.c.id).where(b.c.id == bericht_id)).one()
            verzegeld = Verzegeld(rij.sleutel_id, rij.datasleutel, rij.inhoud)
            stroom = self.kluis.open_stream(
                rij.id, "payload", verzegeld, size=rij.payload_grootte, digest=rij.payload_digest
            )
            return b"".join(stroom.chunks())

        return await self.opslag.read(read)

    async def lanes(self) -> list[tuple[str, str]]:
        """Open deliveries: lane and functie, in order."""
        a, b = schema.aflevering.c, schema.bericht.c

        def read(conn: Connection) -> list[tuple[str, str]]:
            vraag = select(a.lane, b.functie).join_from(schema.aflevering, schema.bericht).where(a.open)
            return [(rij.lane, str(rij.functie)) for rij in conn.execute(vraag.order_by(a.id))]

        return await self.opslag.read(read)

    async def history(self, bericht_id: str) -> dict[str, dict[str, Any]]:
        g = schema.gebeurtenis.c

        def read(conn: Connection) -> dict[str, dict[str, Any]]:
            vraag = select(g.soort, g.toelichting).where(g.bericht_id == bericht_id).order_by(g.id)
            return {rij.soort: json.loads(rij.toelichting) for rij in conn.execute(vraag)}

        return await self.opslag.read(read)


@pytest.fixture
async def hub(opslag: Opslag, tmp_path: Path) -> Hub:
    hub = Hub(opslag, tmp_path / "sleutels")
    await hub.register("antwoordt_hub = true")
    return hub


@pytest.fixture(params=["iwmo", "ijw"])
def v(request: pytest.FixtureRequest) -> Verhaal:
    return Verhaal(request.param)


def _offer(data: bytes, **anders: Any) -> Aanlevering:
    soort = recognise(data)
    van_gemeente = soort.van == "gemeente"
    van, naar = (GEMEENTE, AANBIEDER) if van_gemeente else (AANBIEDER, GEMEENTE)
    sg = Stuurgegevens(
        berichtcode=Berichtcode.DI01,
        zender=Systeem(van, "App", "Samen", "iemand"),
        ontvanger=Systeem(naar, "GGk"),
        referentienummer=str(uuid.uuid4()),
        tijdstip="20261120120000",
        functie=soort.code,
    )
    envelop = Envelop(replace(sg, **anders), Parameters("0004", "0007", "0003", "0002"))
    return Aanlevering(envelop, Payload(data), _CERT_G if van_gemeente else _CERT_A, "stuf")


def _codes(retour: bytes) -> list[str | None]:
    assert validate(retour).geldig
    return [code.text for code in etree.fromstring(retour).iter("{*}RetourCode")]


def _break(data: bytes) -> bytes:
    """Break the elfproef: a fault of level 2."""
    return data.replace(b"Bsn>999990019<", b"Bsn>999990018<")


async def test_a_good_bericht_is_delivered_and_answered(hub: Hub, v: Verhaal) -> None:
    aanlevering = _offer(v.start())
    ontvangst = await hub.accept(aanlevering)
    assert ontvangst.soort is Ontvangstsoort.AANGENOMEN
    heen, retour = await hub.rows()
    assert (heen.status, retour.status) == (Status.WORDT_VERWERKT, Status.WORDT_AANGEBODEN)
    assert await hub.lanes() == [(GEMEENTE, f"{v.prefix}305"), (AANBIEDER, f"{v.prefix}306")]
    assert hub.gewekt == [GEMEENTE, AANBIEDER]

    sg = aanlevering.envelop.stuurgegevens
    envelop = from_json(retour.envelop)
    antwoord = envelop.stuurgegevens
    assert antwoord.berichtcode is Berichtcode.DU01
    assert antwoord.zender == Systeem(GEMEENTE, "GGKWebservice")
    assert antwoord.ontvanger == sg.zender
    assert antwoord.functie == f"{v.prefix}306"
    assert antwoord.cross_ref == sg.referentienummer
    assert uuid.UUID(antwoord.referentienummer).version == 4
    assert envelop.parameters == Parameters("0001", "0000", "0003", "0002")
    assert (retour.zender, retour.conversatie, retour.kanaal) == (GEMEENTE, heen.conversatie, "hub")

    inhoud = await hub.payload(retour.id)
    assert _codes(inhoud) == []
    kop = validate(inhoud).kop
    assert kop is not None
    assert (kop.afzender, kop.ontvanger) == (AANBIEDER, GEMEENTE)  # as in the heenbericht
    assert kop.dagtekening_retour is not None
    assert kop.dagtekening_retour.replace("-", "") == antwoord.tijdstip[:8]
    feiten = (await hub.history(heen.id))["door het knooppunt beantwoord"]
    assert feiten == {"functie": antwoord.functie, "afloop": "akkoord", "codes": [], "retour": retour.id}
    assert (await hub.history(retour.id))["retour gemaakt"]["over"] == heen.id


async def test_a_bericht_that_its_retour_refuses_counts_as_never_sent(hub: Hub, v: Verhaal) -> None:
    await hub.accept(_offer(_break(v.start())))
    heen, retour = await hub.rows()
    assert (heen.status, heen.fout_code, heen.fout_melder) == (Status.AFGEKEURD, "0001", f"{v.prefix}306")
    assert heen.fout_omschrijving == "Afgekeurd met een retourbericht"
    assert await hub.lanes() == [(AANBIEDER, f"{v.prefix}306")]
    assert hub.gewekt == [AANBIEDER]
    assert retour.berichtcode == "Du01"
    assert _codes(await hub.payload(retour.id)) == ["0001"]
    historie = await hub.history(heen.id)
    assert historie["route"]["besluit"] == "0001"
    assert [b["code"] for b in historie["route"]["bevindingen"]] == ["CS002"]
    assert historie["door het knooppunt beantwoord"]["afloop"] == "afgekeurd"


def _install_check(map_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package of which the check of WMO305 reports CS058."""
    eigen = map_ / "standaarden"
    eigen.mkdir()
    monkeypatch.setenv(VARIABELE, str(eigen))
    regel = on("m:StopProducten", fout("TR101", "'/Bericht/Client'")) + on("m:StartProducten", fout("CS058"))
    installeer(map_ / "pakket", eigen, {"WMO305.xsl": stijl(regel), "basis.xsl": BASIS})


def _example(*, groot: bool) -> bytes:
    """A WMO305 between our partijen."""
    soort = ingebouwd().find("WMO305", "3.2")
    data = make_voorbeeld(soort, grootte=DREMPEL // 300 if groot else 1)
    assert (len(data) > DREMPEL) is groot
    kop = validate(data).kop
    assert kop is not None
    data = data.replace(str(kop.afzender).encode(), AANBIEDER.encode(), 1)
    return data.replace(str(kop.ontvanger).encode(), GEMEENTE.encode(), 1)


@pytest.mark.parametrize("groot", [False, True])
async def test_the_official_check_of_a_package_decides(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, groot: bool
) -> None:
    _install_check(tmp_path, monkeypatch)
    await hub.accept(_offer(_example(groot=groot)))
    heen, retour = await hub.rows()
    assert heen.status == Status.AFGEKEURD
    route = (await hub.history(heen.id))["route"]
    assert [b["code"] for b in route["bevindingen"]] == ["CS058"]
    (stap,) = [stap for stap in route["stappen"] if stap["naam"] == "regels"]
    assert "(niveau 2: stylesheet WMO305.xsl van pakket pakket)" in stap["uitleg"]
    assert b"XsltVersie>9.9.9<" in await hub.payload(retour.id)


async def test_a_bericht_of_which_the_official_check_was_stopped_is_refused_for_now(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install_check(tmp_path, monkeypatch)
    aanlevering = _offer(_example(groot=False))
    gestopt = tmp_path / "python"
    gestopt.write_text("#!/bin/sh\nkill -TERM $$\n")
    gestopt.chmod(0o700)
    with monkeypatch.context() as even:
        even.setattr(sys, "executable", str(gestopt))
        ontvangst = await hub.accept(aanlevering)
    assert (ontvangst.soort, ontvangst.fout) == (Ontvangstsoort.GEWEIGERD, make_fout("opslaan_onmogelijk", "B"))
    assert await hub.rows() == []
    await hub.accept(aanlevering)  # the same, offered again
    heen, _ = await hub.rows()
    assert heen.status == Status.AFGEKEURD


async def test_a_schema_fault_gets_a_fo01_and_no_retour(hub: Hub, v: Verhaal) -> None:
    await hub.accept(_offer(v.start().replace(b"Geslacht>1<", b"Geslacht>x<")))
    heen, fo01 = await hub.rows()
    assert (heen.status, fo01.berichtcode, fo01.zender) == (Status.AFGEKEURD, "Fo01", "IB")


async def test_a_keten_gives_codes_of_its_own(hub: Hub, v: Verhaal) -> None:
    await hub.register("antwoordt_hub = true\nregelniveau = 3")
    await hub.accept(_offer(v.wijs_toe()))
    await hub.accept(_offer(v.start({"ToewijzingNummer": "999"})))
    *_, heen, retour = await hub.rows()
    assert (heen.status, heen.fout_code) == (Status.AFGEKEURD, "9019")
    assert _codes(await hub.payload(retour.id)) == ["0200", "9019", "0200"]
    mis, goed = v.start(), v.start()
    await hub.accept(_offer(mis))  # the one that was refused is as if never sent
    *_, heen, retour = await hub.rows()
    assert (heen.status, _codes(await hub.payload(retour.id))) == (Status.WORDT_VERWERKT, [])
    await hub.accept(_offer(goed))
    *_, heen, retour = await hub.rows()
    assert heen.status == Status.AFGEKEURD
    assert "9074" in _codes(await hub.payload(retour.id))


async def test_an_identificatie_is_free_again_after_a_refusal(hub: Hub, v: Verhaal) -> None:
    await hub.register("antwoordt_hub = true\nregelniveau = 3")
    await hub.accept(_offer(v.wijs_toe()))
    await hub.accept(_offer(v.start({"ToewijzingNummer": "999"}, identificatie="EEN")))
    for status in (Status.WORDT_VERWERKT, Status.AFGEKEURD):
        await hub.accept(_offer(v.start(identificatie="EEN")))
        *_, heen, _ = await hub.rows()
        assert heen.status == status


async def test_a_declaratie_is_granted_in_part_and_then_known_as_such(hub: Hub, v: Verhaal) -> None:
    await hub.register("antwoordt_hub = true\nregelniveau = 3")
    await hub.accept(_offer(v.wijs_toe()))
    goed, fout = v.prestatie("R1"), v.prestatie("R2", ToewijzingNummer="999")
    await hub.accept(_offer(v.declareer(goed, fout)))
    *_, heen, retour = await hub.rows()
    assert heen.status == Status.WORDT_VERWERKT  # what is granted has to be paid
    assert (await hub.history(heen.id))["door het knooppunt beantwoord"]["afloop"] == "deels"
    assert _codes(await hub.payload(retour.id)) == ["0200", "9338", "0200", "0200"]
    assert retour.functie == f"{v.prefix}325"
    kop = validate(await hub.payload(retour.id)).kop
    assert kop is not None
    assert (kop.afzender, kop.ontvanger) == (GEMEENTE, AANBIEDER)

    terug = v.declareer(v.credit("R3", "R1"), v.credit("R4", "R2", ToewijzingNummer="999"), nummer="D2")
    await hub.accept(_offer(terug))
    *_, retour = await hub.rows()
    afgewezen = etree.fromstring(await hub.payload(retour.id)).iter("{*}ReferentieNummer")
    assert [deel.text for deel in afgewezen] == ["R4"]  # only what was granted can be credited


async def test_only_what_the_ontvanger_wants_checked_is_refused_in_its_name(hub: Hub, v: Verhaal) -> None:
    await hub.register("antwoordt_hub = true\nregelniveau = 1", aanbieder="regelniveau = 2")
    await hub.accept(_offer(_break(v.start())))
    heen, retour = await hub.rows()
    assert heen.status == Status.WORDT_VERWERKT
    assert _codes(await hub.payload(retour.id)) == []


async def test_nobody_is_answered_for_without_asking(hub: Hub, v: Verhaal) -> None:
    await hub.register("regelniveau = 2")
    await hub.accept(_offer(_break(v.start())))
    await hub.register("antwoordt_hub = true")
    await hub.accept(_offer(v.wijs_toe()))  # to the aanbieder, who answers for itself
    assert [rij.functie for rij in await hub.rows()] == [f"{v.prefix}305", f"{v.prefix}301"]


async def test_a_retour_that_comes_in_is_passed_on_unanswered(hub: Hub, v: Verhaal) -> None:
    await hub.register("", aanbieder="antwoordt_hub = true")
    heen = v.start()
    await hub.accept(_offer(heen))
    (rij,) = await hub.rows()
    retour = v.retour(heen)
    sg = replace(
        _offer(retour).envelop.stuurgegevens,
        berichtcode=Berichtcode.DU01,
        zender=Systeem(GEMEENTE, "App"),
        ontvanger=Systeem(AANBIEDER, "GGk"),
        cross_ref=rij.referentienummer,
    )
    aanlevering = Aanlevering(Envelop(sg, Parameters("0001", "0000", "0003", "0002")), Payload(retour), _CERT_G, "stuf")
    assert (await hub.accept(aanlevering)).soort is Ontvangstsoort.AANGENOMEN
    assert [rij.functie for rij in await hub.rows()] == [f"{v.prefix}305", f"{v.prefix}306"]


@pytest.mark.parametrize("stuk", [True, False])
async def test_a_repetition_is_answered_once(hub: Hub, v: Verhaal, stuk: bool) -> None:  # noqa: FBT001 - parametrised
    aanlevering = _offer(_break(v.start()) if stuk else v.start())
    eerste = await hub.accept(aanlevering)
    assert await hub.accept(aanlevering) == replace(eerste, soort=Ontvangstsoort.HERHAALD)
    assert len(await hub.rows()) == 2


async def test_after_a_refusal_a_mended_bericht_may_use_the_number_again(hub: Hub, v: Verhaal) -> None:
    stuk = _offer(_break(v.start()))
    await hub.accept(stuk)
    heel = replace(stuk, payload=Payload(v.start()))
    assert (await hub.accept(heel)).soort is Ontvangstsoort.AANGENOMEN
    berichten = [(rij.functie[-3:], rij.status, rij.geldend) for rij in await hub.rows()]
    assert berichten == [
        ("305", Status.AFGEKEURD, False),
        ("306", Status.WORDT_AANGEBODEN, True),
        ("305", Status.WORDT_VERWERKT, True),
        ("306", Status.WORDT_AANGEBODEN, True),
    ]


async def test_a_zender_that_cannot_take_the_retour_does_not_hold_up_the_bericht(hub: Hub, v: Verhaal) -> None:
    await hub.register("antwoordt_hub = true", mag_ontvangen=f'"{v.prefix}301"')
    await hub.accept(_offer(v.start()))
    heen, retour = await hub.rows()
    assert (heen.status, retour.status) == (Status.WORDT_VERWERKT, Status.BEZORGING_AFGEBROKEN)
    assert hub.gewekt == [GEMEENTE]


async def test_without_a_correct_retour_the_bericht_is_delivered_and_the_history_says_so(
    hub: Hub, v: Verhaal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise Retourfout("Verzonnen reden.")

    monkeypatch.setattr(beantwoording, "build_retour", fail)
    await hub.accept(_offer(v.start()))
    (heen,) = await hub.rows()
    assert heen.status == Status.WORDT_VERWERKT
    stappen = (await hub.history(heen.id))["route"]["stappen"]
    assert stappen[-1] == {
        "naam": "antwoord",
        "uitkomst": "let op",
        "uitleg": f"Het knooppunt kan geen {v.prefix}306 maken: Verzonnen reden.",
    }


async def test_heenbericht_and_retour_are_stored_together_or_not_at_all(
    hub: Hub, v: Verhaal, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Weg(RuntimeError):
        pass

    def fail(*_: object) -> None:
        raise Weg

    monkeypatch.setattr(beantwoording, "record", fail)
    aanlevering = _offer(v.start())
    assert (await hub.accept(aanlevering)).soort is Ontvangstsoort.GEWEIGERD
    assert await hub.rows() == []
    monkeypatch.undo()
    assert (await hub.accept(aanlevering)).soort is Ontvangstsoort.AANGENOMEN
    assert len(await hub.rows()) == 2


async def test_a_large_declaratie_is_answered_in_a_process_of_its_own(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inline(*_: object, **__: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(beantwoording, "build_retour", inline)
    groot = make_voorbeeld(ingebouwd().find("JW323", "3.2"), grootte=600)
    assert len(groot) > DREMPEL
    kop = validate(groot).kop
    assert kop is not None
    groot = groot.replace(f">{kop.afzender}<".encode(), f">{AANBIEDER}<".encode(), 1)
    groot = groot.replace(f">{kop.ontvanger}<".encode(), f">{GEMEENTE}<".encode(), 1)
    for data, codes in ((groot, ["0200", "8001"]), (groot.replace(b"Bsn>9999", b"Bsn>8999", 1), ["0001"])):
        await hub.accept(_offer(data))
        *_, retour = await hub.rows()
        assert _codes(await hub.payload(retour.id)) == codes


async def test_for_a_gemeente_that_merged_the_hub_answers_in_the_name_of_its_successor(hub: Hub) -> None:
    tekst = _register("antwoordt_hub = true").replace(GEMEENTE, "1992")
    await hub.opslag.write(registerimport.store, registerimport.parse_toml(tekst))
    await hub.bron.refresh(hub.opslag)
    hub.intake._respijt = timedelta.max  # on whatever day this runs
    data = Verhaal("iwmo").start().replace(f">{GEMEENTE}<".encode(), b">0530<")
    await hub.accept(_offer(data, ontvanger=Systeem("0530", "GGk")))
    heen, retour = await hub.rows()
    assert (heen.ontvanger, retour.zender, retour.ontvanger) == ("0530", "1992", AANBIEDER)
    assert await hub.lanes() == [("1992", "WMO305"), (AANBIEDER, "WMO306")]
    assert b"0530" in await hub.payload(retour.id)
