"""Collecting: list, search, payload, confirm; and only what is one's own."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest

from adapters.vsp.client import Bytes, VspFout
from adapters.vsp.model import ZoekpadOpAlsAntwoordOp, ZoekpadOpBerichtstroom, ZoekpadOpConversatieId
from adapters.vsp.server import Instellingen
from routing.bericht import Berichtcode, Foutinhoud, Systeem

Maak = Callable[..., Any]


async def test_list_fetch_confirm(opstelling: Any, make_envelop: Maak) -> None:
    eerste = opstelling.bak.put(make_envelop(), b"<een/>")
    opstelling.bak.put(make_envelop(), b"<twee/>")
    lijst = await opstelling.client.list_ready()
    assert len(lijst) == 2
    bericht = lijst[0]
    assert bericht.referentiegegevens.traceerId == eerste.envelop.stuurgegevens.referentienummer
    assert bericht.basisgegevens.ontvangenOp == eerste.ontvangen_op
    download = bericht.basisgegevens.payload
    assert download.url == f"{opstelling.pull_url}/{bericht.referentiegegevens.traceerId}/payload"
    assert (download.grootte, download.checksum.algoritme) == (6, "SHA256")
    assert b"".join((await opstelling.client.download(bericht)).chunks()) == b"<een/>"
    await opstelling.client.confirm(bericht.referentiegegevens.traceerId)
    assert len(await opstelling.client.list_ready()) == 1
    with pytest.raises(VspFout, match="404"):
        await opstelling.client.confirm(bericht.referentiegegevens.traceerId)


async def test_the_payload_has_length_and_digest(opstelling: Any, make_envelop: Maak) -> None:
    inhoud = os.urandom(3 * 1024 * 1024)
    klaar = opstelling.bak.put(make_envelop(), inhoud)
    url = f"{opstelling.pull_url}/{klaar.envelop.stuurgegevens.referentienummer.upper()}/payload"
    async with opstelling.http.get(url) as antwoord:
        assert antwoord.status == 200
        assert antwoord.content_type == "application/octet-stream"
        assert antwoord.content_length == len(inhoud)
        som = hashlib.sha256(inhoud)
        assert antwoord.headers["ETag"] == f'"{som.hexdigest()}"'
        assert antwoord.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(som.digest()).decode()}:"
        assert antwoord.headers["X-Content-Type-Options"] == "nosniff"
        assert await antwoord.read() == inhoud


async def test_what_is_not_mine_does_not_exist(opstelling: Any, make_envelop: Maak, make_uuid: Maak) -> None:
    ander = opstelling.bak.put(make_envelop(ontvanger=Systeem("99990002", "GGk")), b"<x/>")
    assert await opstelling.client.list_ready() == []
    antwoorden = []
    for nummer in (ander.envelop.stuurgegevens.referentienummer, make_uuid(), "geen-uuid", "..%2F..%2Fetc"):
        for methode, pad in (("GET", f"{nummer}/payload"), ("DELETE", nummer)):
            async with opstelling.http.request(methode, f"{opstelling.pull_url}/{pad}") as antwoord:
                antwoorden.append(antwoord.status)
    assert set(antwoorden) == {404}
    assert len(opstelling.bak.wacht) == 1


async def test_without_partijen_there_is_nothing_to_ask(opstelling: Any, onbekend: Any, make_uuid: Maak) -> None:
    opstelling.wie(onbekend)
    for methode, url in (
        ("GET", opstelling.pull_url),
        ("POST", f"{opstelling.pull_url}/zoeken"),
        ("GET", f"{opstelling.pull_url}/{make_uuid()}/payload"),
        ("DELETE", f"{opstelling.pull_url}/{make_uuid()}"),
        ("GET", f"{opstelling.status_url}?traceerId={make_uuid()}"),
    ):
        async with opstelling.http.request(methode, url) as antwoord:
            assert antwoord.status == 403
            assert (await antwoord.json())["status"] == 403


@pytest.mark.parametrize("limit", ["0", "251", "-1", "1.5", "x", "", "٣", "1&limit=2", "99999999999999999999"])
async def test_a_limit_outside_1_to_250(opstelling: Any, limit: str) -> None:
    async with opstelling.http.get(f"{opstelling.pull_url}?limit={limit}") as antwoord:
        assert antwoord.status == 400
        assert "limit" in (await antwoord.json())["errors"]


async def test_limit_gives_the_oldest(opstelling: Any, make_envelop: Maak) -> None:
    klaar = [opstelling.bak.put(make_envelop(), b"x") for _ in range(3)]
    lijst = await opstelling.client.list_ready(2)
    assert [b.referentiegegevens.traceerId for b in lijst] == [
        k.envelop.stuurgegevens.referentienummer for k in klaar[:2]
    ]


async def test_search(opstelling: Any, make_envelop: Maak, make_uuid: Maak) -> None:
    heen = make_uuid()
    opstelling.bak.put(make_envelop(), b"x")
    opstelling.bak.put(make_envelop(functie="JW301"), b"x")
    opstelling.bak.put(make_envelop(berichtcode=Berichtcode.DU01, cross_ref=heen, functie="WMO306"), b"x")
    fout = Foutinhoud("IB010", "client", "Onbekend")
    fo01 = make_envelop(
        berichtcode=Berichtcode.FO01,
        cross_ref=heen,
        functie=None,
        parameters=None,
        fout=fout,
        zender=Systeem("IB", "GGK"),
    )
    opstelling.bak.put(fo01, b"x")

    async def find(zoekpad: Any, limit: int = 250) -> list[str]:
        gevonden = await opstelling.client.search(zoekpad, limit)
        return [bericht.routeringgegevens.berichtstroom.berichttype for bericht in gevonden]

    stroom = ZoekpadOpBerichtstroom
    assert await find(stroom(berichttype="WMO301")) == ["WMO301"]
    assert await find(stroom(berichttype="WMO", berichtsubtype="301", berichtversie=3, berichtsubversie=2)) == [
        "WMO301"
    ]
    assert await find(stroom(berichttype="WMO301", berichtversie=2)) == []
    assert await find(stroom(berichttype="WMO301", actie="Aanleveren", geadresseerdeRol="Instelling")) == ["WMO301"]
    assert await find(stroom(berichttype="WMO301", actie="Anders")) == []
    assert await find(stroom(berichttype="WMO301", geadresseerdeRol="Praktijk")) == []
    assert await find(stroom(berichttype="WMO301", geadresseerdeCode="99990001")) == ["WMO301"]
    assert await find(stroom(berichttype="WMO301", geadresseerdeCode="99990002")) == []
    assert await find(stroom(berichttype="WMO301", berichtsubtype="JW301")) == []
    assert await find(stroom(berichttype="Fo01")) == ["Fo01"]
    assert await find(stroom(berichttype="Fo01", berichtversie=3, berichtsubversie=1)) == ["Fo01"]
    assert await find(stroom(berichttype="Fo01", berichtversie=2)) == []
    assert await find(ZoekpadOpAlsAntwoordOp(alsAntwoordOp=heen)) == ["WMO306", "Fo01"]
    assert await find(ZoekpadOpAlsAntwoordOp(alsAntwoordOp=heen), 1) == ["WMO306"]
    assert await find(ZoekpadOpConversatieId(conversatieId=heen)) == ["WMO306", "Fo01"]


@pytest.mark.parametrize(
    ("vraag", "veld"),
    [
        (b"", "$"),
        (b"{", "$"),
        (b"{}", "$"),
        (b'{"zoekpadType":"Anders"}', "$"),
        (b'{"zoekpadType":"ZoekpadOpBerichtstroom"}', "berichttype"),
        (b'{"zoekpadType":"ZoekpadOpConversatieId","conversatieId":"x"}', "conversatieId"),
        (b'{"zoekpadType":"ZoekpadOpConversatieId","alsAntwoordOp":"x"}', "alsAntwoordOp"),
        (b" " * 20_000, "$"),
    ],
)
async def test_a_question_that_is_no_search(opstelling: Any, vraag: bytes, veld: str) -> None:
    async with opstelling.http.post(f"{opstelling.pull_url}/zoeken", data=vraag) as antwoord:
        assert antwoord.status == 400
        assert veld in (await antwoord.json())["errors"]


@pytest.mark.parametrize("instellingen", [Instellingen(publieke_url="https://knooppunt.example:8443/")])
async def test_addresses_as_the_outside_knows_them(opstelling: Any, make_envelop: Maak) -> None:
    opstelling.bak.put(make_envelop(), b"x")
    (bericht,) = await opstelling.client.list_ready()
    url = bericht.basisgegevens.payload.url
    assert url.startswith("https://knooppunt.example:8443/vsp/berichten/rest-pull/v1/berichten/")


async def test_one_odd_bericht_does_not_hide_the_others(opstelling: Any, make_envelop: Maak) -> None:
    opstelling.bak.put(make_envelop(), b"")
    opstelling.bak.put(make_envelop(functie_versie="1000"), b"x")
    opstelling.bak.put(make_envelop(), b"x")
    assert len(await opstelling.client.list_ready()) == 1


class Kapot(Bytes):
    """A payload that turns out damaged: at once, or only at its end."""

    def __init__(self, size: int, *, meteen: bool) -> None:
        super().__init__(bytes(size))
        self._meteen = meteen

    def chunks(self) -> Iterator[bytes]:
        if not self._meteen:
            yield from super().chunks()
        raise ValueError("seal broken")


@pytest.mark.parametrize("size", [10, 1024 * 1024])
@pytest.mark.parametrize("meteen", [True, False])
async def test_a_damaged_payload_is_never_complete(
    opstelling: Any, make_envelop: Maak, size: int, *, meteen: bool
) -> None:
    klaar = opstelling.bak.put(make_envelop(), Kapot(size, meteen=meteen))
    nummer = klaar.envelop.stuurgegevens.referentienummer
    async with opstelling.http.get(f"{opstelling.pull_url}/{nummer}/payload") as antwoord:
        assert antwoord.status == 500
        assert "seal" not in await antwoord.text()


class Halverwege(Bytes):
    def chunks(self) -> Iterator[bytes]:
        yield bytes(128 * 1024)
        yield bytes(128 * 1024)
        raise ValueError("seal broken")


async def test_a_payload_that_breaks_half_way_breaks_the_connection(opstelling: Any, make_envelop: Maak) -> None:
    klaar = opstelling.bak.put(make_envelop(), Halverwege(bytes(384 * 1024)))
    nummer = klaar.envelop.stuurgegevens.referentienummer
    async with opstelling.http.get(f"{opstelling.pull_url}/{nummer}/payload") as antwoord:
        assert antwoord.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await antwoord.read()


async def test_a_failing_log_is_a_problem_without_details(opstelling: Any) -> None:
    opstelling.bak.fout = RuntimeError("geheim")
    async with opstelling.http.get(opstelling.pull_url) as antwoord:
        assert antwoord.status == 500
        assert "geheim" not in await antwoord.text()
