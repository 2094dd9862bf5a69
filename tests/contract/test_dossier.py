"""The hub's own knowledge of a case, on both databases: what it keeps, what it finds, and what it says of a bericht."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pgbverhaal import Pgbverhaal
from sqlalchemy import Connection, select, update
from verhaal import AANBIEDER, ANDER_BSN, BSN, GEMEENTE, VANDAAG, Verhaal, maand

from istandaarden.herkenning import recognise
from istandaarden.regels.keten import Relatie, Stand
from istandaarden.regels.registers import Contractlijst, Vasteregisters
from istandaarden.toets import validate
from routing import intake, pgbimport, registerimport, schema
from routing.bericht import Aanlevering, Berichtcode, Envelop, Identiteit, Parameters, Stuurgegevens, Systeem
from routing.dossier import Dossier, find_related
from routing.foutbericht import Foutmelder
from routing.fouten import make_fout
from routing.herzending import resend
from routing.intake import Intake
from routing.klok import Klok
from routing.kluis import Kluis
from routing.logboek import set_status
from routing.opslag import Opslag
from routing.payload import DREMPEL, Payload
from routing.pgb import Overstap
from routing.pgbimport import Wijziging
from routing.poorten import Ontvangst, Ontvangstsoort
from routing.regeltoets import Regeltoets
from routing.register import RegisterBron
from routing.status import Status
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen

_CERT_G = Identiteit("1" * 20, "aa" * 32)
_CERT_A = Identiteit("2" * 20, "bb" * 32)


def _register(niveau: int) -> str:
    return f"""
[[partij]]
code = "{GEMEENTE}"
url = "https://127.0.0.1:1/ggk"
identiteiten = ["oin:{_CERT_G.oin}"]
mag_zenden = ["WMO*", "JW*"]
mag_ontvangen = ["WMO*", "JW*"]
regelniveau = {niveau}

[[partij]]
code = "{AANBIEDER}"
naam = "Zorg voor Elkaar"
kanaal = "pull"
protocol = "vsp"
identiteiten = ["oin:{_CERT_A.oin}"]
mag_zenden = ["WMO*", "JW*"]
mag_ontvangen = ["WMO*", "JW*"]
"""


class Hub:
    """An intake that checks rules, and eyes on what it stored."""

    def __init__(self, opslag: Opslag, sleutels: Path) -> None:
        self.opslag = opslag
        self.sleutels = sleutels
        Kluis.create(sleutels)
        self.bron = RegisterBron()
        self.open()

    def open(self) -> None:
        """Start again with the keys that are there now."""
        self.kluis = Kluis(self.sleutels)
        self.dossier = Dossier(self.opslag, self.kluis)
        contract = Contractlijst.parse("categorie;code;eenheid;tarief\n02;02A03;04;4900\n45;45A04;04;4900\n")
        regeltoets = Regeltoets(self.dossier, Vasteregisters(contract, lambda: VANDAAG))
        self.melder = Foutmelder(self.kluis, self.bron, Termijnen(push=60_000, pull=60_000))
        self.intake = Intake(self.opslag, self.melder, Toetser(regeltoets=regeltoets), lambda _lane: None)

    async def set_level(self, niveau: int) -> None:
        await self.opslag.write(registerimport.store, registerimport.parse_toml(_register(niveau)))
        await self.bron.refresh(self.opslag)

    async def send(self, data: bytes, referentienummer: str | None = None, **anders: Any) -> tuple[Ontvangst, str]:
        """Hand in a bericht as its sender would; give the receipt and the referentienummer."""
        referentienummer = referentienummer or str(uuid.uuid4())
        ontvangst = await self.offer(data, referentienummer, **anders)
        assert ontvangst.soort is not Ontvangstsoort.GEWEIGERD, ontvangst
        return ontvangst, referentienummer

    async def offer(self, data: bytes, referentienummer: str, **anders: Any) -> Ontvangst:
        """Hand in a bericht, whatever comes of it."""
        soort = recognise(data)
        van_gemeente = soort.van == "gemeente"
        ander, versie = ("VWS", ("0002", "0001")) if soort.standaard == "ipgb" else (AANBIEDER, ("0003", "0002"))
        van, naar = (GEMEENTE, ander) if van_gemeente else (ander, GEMEENTE)
        sg = Stuurgegevens(
            berichtcode=Berichtcode.DU01 if soort.antwoord_op else Berichtcode.DI01,
            zender=Systeem(van, "App"),
            ontvanger=Systeem(naar, "GGk"),
            referentienummer=referentienummer,
            tijdstip="20261120120000",
            functie=soort.code,
            cross_ref=anders.get("cross_ref", str(uuid.uuid4()) if soort.antwoord_op else None),
        )
        cert = _CERT_G if van_gemeente else _CERT_A
        aanlevering = Aanlevering(Envelop(sg, Parameters("0001", "0000", *versie)), Payload(data), cert, "stuf")
        return await self.intake.accept(aanlevering)

    async def codes(self, data: bytes) -> list[str]:
        """Hand in a bericht, and read from its history which rules it breaks."""
        ontvangst, _ = await self.send(data)
        return [b["code"] for b in (await self.route(str(ontvangst.bericht_id))).get("bevindingen", [])]

    async def route(self, bericht_id: str) -> dict[str, Any]:
        def read(conn: Connection) -> str:
            g = schema.gebeurtenis.c
            vraag = select(g.toelichting).where(g.bericht_id == bericht_id, g.soort == "route")
            return str(conn.execute(vraag).scalar_one())

        return dict(json.loads(await self.opslag.read(read)))

    async def lines(self) -> list[Any]:
        return await self.opslag.read(lambda conn: list(conn.execute(select(schema.dossier))))


@pytest.fixture
async def hub(opslag: Opslag, tmp_path: Path) -> Hub:
    hub = Hub(opslag, tmp_path / "sleutels")
    await hub.set_level(3)
    return hub


@pytest.fixture(params=["iwmo", "ijw"])
def v(request: pytest.FixtureRequest) -> Verhaal:
    return Verhaal(request.param)


async def test_a_case_is_followed_through_the_hub(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    assert await hub.codes(heen) == []
    assert await hub.codes(v.retour(heen)) == []
    assert await hub.codes(v.start()) == []
    assert await hub.codes(v.start({"ToewijzingNummer": "999"})) == ["TR019"]
    declaratie = v.declareer(v.prestatie(), v.prestatie("R2", ProductPeriode=maand(2026, 3)))
    assert await hub.codes(declaratie) == []
    assert await hub.codes(v.beantwoord(declaratie, v.prestatie("R2", ProductPeriode=maand(2026, 3)))) == []
    credit = v.declareer(v.credit("R3", "R1"), v.credit("R4", "R2", ProductPeriode=maand(2026, 3)), nummer="D2")
    assert await hub.codes(credit) == ["TR323"]


async def test_a_broken_rule_is_explained_and_stops_nothing(hub: Hub, v: Verhaal) -> None:
    ontvangst, _ = await hub.send(v.start())
    route = await hub.route(str(ontvangst.bericht_id))
    (stap,) = [stap for stap in route["stappen"] if stap["naam"] == "regels"]
    assert stap["uitkomst"] == "let op"
    assert "TR019" in stap["uitleg"]
    assert route["besluit"] == f"naar {GEMEENTE}"
    (bevinding,) = route["bevindingen"]
    assert (bevinding["code"], bevinding["niveau"], bevinding["retourcode"]) == ("TR019", 3, "9019")
    assert "waarde" not in bevinding

    def open_lanes(conn: Connection) -> list[str]:
        return list(conn.execute(select(schema.aflevering.c.lane).where(schema.aflevering.c.open)).scalars())

    assert await hub.opslag.read(open_lanes) == [GEMEENTE]


@pytest.mark.parametrize(("niveau", "codes"), [(1, []), (2, []), (3, []), (4, ["TR418"])])
async def test_a_partij_gets_the_level_it_asked_for(hub: Hub, v: Verhaal, niveau: int, codes: list[str]) -> None:
    await hub.set_level(niveau)
    await hub.send(v.wijs_toe())
    assert await hub.codes(v.declareer()) == codes
    assert bool(await hub.lines()) == (niveau >= 3)
    fout = v.wijs_toe(v.toewijzing(ToewijzingNummer="101", RedenWijziging="01"))
    assert ("CS336" in await hub.codes(fout)) == (niveau >= 2)


async def test_what_breaks_its_schema_is_refused_and_leaves_no_trace(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    ontvangst, _ = await hub.send(heen.replace(b"Dagtekening>2026-01-03<", b"Dagtekening>gisteren<"))
    assert (await hub.route(str(ontvangst.bericht_id)))["oorzaak"] == "payload_ongeldig"
    assert await hub.lines() == []


async def test_a_repetition_is_kept_once(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    _, referentienummer = await hub.send(heen)
    regels = await hub.lines()
    ontvangst, _ = await hub.send(heen, referentienummer)
    assert ontvangst.soort is Ontvangstsoort.HERHAALD
    assert await hub.lines() == regels


async def test_what_a_retour_rejects_counts_as_not_sent(hub: Hub, v: Verhaal) -> None:
    heen = v.wijs_toe()
    await hub.send(heen)
    await hub.send(v.retour(heen, "0001"))
    assert await hub.codes(v.start()) == ["TR019"]


async def test_what_a_fo01_came_back_about_counts_as_not_sent(hub: Hub, v: Verhaal) -> None:
    _, referentienummer = await hub.send(v.wijs_toe())
    assert await hub.codes(v.start()) == []

    def bounce(conn: Connection) -> None:
        b = schema.bericht
        rij = dict(conn.execute(select(b).where(b.c.referentienummer == referentienummer)).mappings().one())
        fo01 = {"id": str(uuid.uuid4()), "berichtcode": "Fo01", "referentienummer": str(uuid.uuid4())}
        omgekeerd = {"zender": AANBIEDER, "ontvanger": GEMEENTE, "cross_ref": referentienummer}
        conn.execute(b.insert().values(rij | fo01 | omgekeerd))

    await hub.opslag.write(bounce)
    assert await hub.codes(v.start({"Begindatum": date(2026, 1, 8)})) == ["TR019", "TR326"]


async def test_what_is_offered_again_after_a_fo01_counts_as_sent(hub: Hub, v: Verhaal, klok: Klok) -> None:
    ontvangst, _ = await hub.send(v.wijs_toe())
    wie = str(ontvangst.bericht_id)

    def give_up(conn: Connection) -> None:
        conn.execute(update(schema.aflevering).where(schema.aflevering.c.bericht_id == wie).values(open=False))
        set_status(conn, wie, Status.BEZORGING_AFGEBROKEN)
        hub.melder.report_failure(conn, wie, make_fout("bezorging_gestaakt", "B"))

    await hub.opslag.write(give_up)
    assert await hub.codes(v.start()) == ["TR019"]
    klok.verschuiving_ms += 1000
    termijnen, register = Termijnen(push=60_000, pull=60_000), hub.bron.current()
    await hub.opslag.write(lambda conn: resend(conn, wie, termijnen, "test", register=register))
    assert await hub.codes(v.start({"Begindatum": date(2026, 1, 8)})) == ["TR326"]  # and no TR019


async def test_a_request_is_open_until_it_is_answered_though_the_answer_names_no_client(hub: Hub, v: Verhaal) -> None:
    await hub.send(v.vraag())
    assert await hub.codes(v.vraag({"ReferentieAanbieder": "VOT-2"})) == ["TR374"]
    antwoord = v.antwoord("1")
    assert await hub.codes(antwoord) == []
    assert await hub.codes(v.antwoord("1", "VOT-2")) == []
    assert await hub.codes(v.vraag({"ReferentieAanbieder": "VOT-3"})) == []
    await hub.send(v.antwoord("1", "VOT-3"))
    await hub.send(v.retour(antwoord, "0001"))  # so the first one is open again
    assert await hub.codes(v.vraag({"ReferentieAanbieder": "VOT-4"})) == ["TR374"]


async def test_numbers_are_unique_across_clients(hub: Hub, v: Verhaal) -> None:
    await hub.send(v.wijs_toe())
    assert await hub.codes(v.wijs_toe(bsn=ANDER_BSN)) == ["TR332"]
    await hub.send(v.wijs_toe(v.toewijzing(ToewijzingNummer="101"), bsn=ANDER_BSN))
    await hub.send(v.declareer())
    deel = v.prestatie("R1", ToewijzingNummer="101")
    assert sorted(await hub.codes(v.declareer(deel, bsn=ANDER_BSN, periode=maand(2026, 4)))) == [
        "TR314", "TR318", "TR333",
    ]  # fmt: skip
    assert "TR056" in await hub.codes(v.start(identificatie="X1")) + await hub.codes(
        v.start(bsn=ANDER_BSN, identificatie="X1")
    )


async def test_a_large_declaratie_is_judged_and_replayed(hub: Hub, v: Verhaal) -> None:
    await hub.send(v.wijs_toe(v.toewijzing(Product={"Categorie": v.categorie}, Omvang=None)))
    prestaties = [v.prestatie(f"R{n}", ProductCode=f"{n:05}") for n in range(600)]
    groot = v.declareer(*prestaties)
    assert len(groot) > DREMPEL
    assert await hub.codes(groot) == []
    assert await hub.codes(v.declareer(prestaties[7], nummer="D2")) == ["TR314", "TR389"]
    await hub.send(v.beantwoord(groot, prestaties[7]))
    keten, _ = await hub.dossier.keten_before(_bericht(v.wijs_toe()))
    prestatie = keten.prestatie(v.standaard, AANBIEDER, "R7")
    assert prestatie is not None
    assert prestatie.stand is Stand.AFGEWEZEN


async def test_nothing_about_a_person_is_readable(hub: Hub, v: Verhaal) -> None:
    await hub.send(v.wijs_toe())
    await hub.send(v.declareer())
    regels = await hub.lines()
    assert {regel.soort for regel in regels} == {
        "bericht", "client", "toewijzing", "declaratie", "declaraties", "prestatie",
    }  # fmt: skip
    for regel in regels:
        assert len(regel.kenmerk) == 16
        assert BSN.encode() not in bytes(regel.kenmerk)
    clienten = {bytes(regel.kenmerk) for regel in regels if regel.soort == "client"}
    assert len(clienten) == 1  # the same client in two berichten
    elders = hub.dossier.lines_of(_bericht(v.wijs_toe(Afzender="0344")))
    assert not clienten & {regel.kenmerk for regel in elders}  # another gemeente cannot be matched with this one


async def test_after_a_new_key_the_old_lines_are_found(hub: Hub, v: Verhaal) -> None:
    await hub.send(v.wijs_toe())
    Kluis.create(hub.sleutels)
    hub.open()
    assert await hub.codes(v.start()) == []
    assert len({regel.sleutel_id for regel in await hub.lines()}) == 2
    assert await hub.codes(v.stop()) == []


async def test_after_a_new_key_an_old_bericht_leads_to_a_new_one(hub: Hub, v: Verhaal) -> None:
    """The client leads to a declaratie of before the key, and that to its answer of after it, without a client."""
    await hub.send(v.wijs_toe())
    declaratie = v.declareer(v.prestatie("R7"))
    await hub.send(declaratie)
    Kluis.create(hub.sleutels)
    hub.open()
    await hub.send(v.beantwoord(declaratie, geheel="9333"))
    keten, _ = await hub.dossier.keten_before(_bericht(v.wijs_toe()))
    assert keten.prestatie(v.standaard, AANBIEDER, "R7") is None  # rejected as a whole, so never declared
    assert await hub.codes(v.declareer(v.prestatie("R7"), nummer="D2")) == []


@pytest.mark.parametrize("aantal", [2, 8])
async def test_of_berichten_at_the_same_moment_each_is_judged_with_those_before_it(
    hub: Hub, v: Verhaal, aantal: int
) -> None:
    await hub.send(v.wijs_toe())
    uitkomsten = await asyncio.gather(*(hub.codes(v.start()) for _ in range(aantal)))
    assert sorted(uitkomsten) == [[], *[["TR074"]] * (aantal - 1)]


async def test_others_at_the_same_moment_do_not_stand_in_the_way(hub: Hub, v: Verhaal) -> None:
    clienten = [f"99990{nummer:03}{_last(nummer)}" for nummer in range(40) if _last(nummer) < 10]
    await asyncio.gather(*(hub.send(v.wijs_toe(v.toewijzing(ToewijzingNummer=bsn), bsn=bsn)) for bsn in clienten))
    gevonden = await asyncio.gather(*(hub.codes(v.start({"ToewijzingNummer": bsn}, bsn=bsn)) for bsn in clienten))
    assert gevonden == [[]] * len(clienten)


async def test_what_goes_on_being_overtaken_is_not_acknowledged(
    hub: Hub, v: Verhaal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "is_overtaken", lambda *_: True)
    monkeypatch.setattr(intake, "_PAUZE", 0)
    ontvangst = await hub.offer(v.wijs_toe(), "R1")
    assert ontvangst.soort is Ontvangstsoort.GEWEIGERD
    assert ontvangst.fout is not None
    assert ontvangst.fout.oorzaak == "opslaan_onmogelijk"
    monkeypatch.undo()
    assert (await hub.offer(v.wijs_toe(), "R1")).soort is Ontvangstsoort.AANGENOMEN


def _last(nummer: int) -> int:
    """Last digit of the BSN 99990nnn?; 10 when there is none."""
    cijfers = [int(teken) for teken in f"99990{nummer:03}"]
    return sum(cijfer * gewicht for cijfer, gewicht in zip(cijfers, range(9, 1, -1), strict=True)) % 11


async def test_the_standards_do_not_mix(hub: Hub) -> None:
    await hub.send(Verhaal("iwmo").wijs_toe())
    assert await hub.codes(Verhaal("ijw").start()) == ["TR019"]


async def test_a_bericht_that_was_replaced_or_refused_is_not_found(hub: Hub, v: Verhaal) -> None:
    await hub.send(v.wijs_toe())
    await hub.opslag.write(lambda conn: conn.execute(update(schema.bericht).values(geldend=False)) and None)
    keten, _ = await hub.dossier.keten_before(_bericht(v.start()))
    assert not keten.knows_client(Relatie(v.standaard, GEMEENTE, AANBIEDER), BSN)


async def test_many_kenmerken_are_looked_for_in_handfuls(hub: Hub, v: Verhaal) -> None:
    await hub.send(v.wijs_toe())
    (spoor,) = [regel.kenmerk for regel in hub.dossier.lines_of(_bericht(v.start())) if regel.soort == "client"]
    vreemd = [nummer.to_bytes(16) for nummer in range(1200)]
    assert len(await hub.opslag.read(find_related, [*vreemd, spoor])) == 1
    assert await hub.opslag.read(find_related, []) == []


def _bericht(data: bytes) -> Any:
    bericht = validate(data, niveau=2).bericht
    assert bericht is not None
    return bericht


_PGB = """
[[partij]]
code = "VWS"
url = "https://127.0.0.1:1/vws"
identiteiten = ["oin:22222222222222222222"]
mag_zenden = ["WMO*"]
mag_ontvangen = ["WMO*"]
"""


async def test_a_pgb_is_followed_through_the_hub(hub: Hub) -> None:
    """What VWS answered is known by its 502, which names no client, and the 507 is held against the 501."""
    gemeente = _register(3).split("[[partij]]")[1]
    partijen = registerimport.parse_toml("[[partij]]" + gemeente + _PGB)
    await hub.opslag.write(registerimport.store, partijen)
    overstap = [Wijziging(GEMEENTE, Overstap(GEMEENTE, date(2021, 1, 1), None))]
    await hub.opslag.write(pgbimport.store, overstap)
    await hub.bron.refresh(hub.opslag)
    p = Pgbverhaal("WMO")
    eerste = p.ken_toe("A")
    assert await hub.codes(eerste) == []
    assert await hub.codes(p.ken_toe("B", oud="A")) == ["TR507"]
    assert await hub.codes(p.retour(eerste)) == []
    assert sorted(await hub.codes(p.ken_toe("A"))) == ["TR502", "TR574"]  # beside B too
    assert await hub.codes(p.sluit(p.besteding("A", FunctieBudgetBesteed=100_001))) == ["TR512"]
    assert await hub.codes(p.ken_toe("C", bsn=ANDER_BSN, oud="A")) == ["TR562"]
