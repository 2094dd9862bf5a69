"""Pushing a bericht: what is taken, and how everything else is refused in words."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from adapters.vsp.model import BerichtMetadata, ValidationProblemDetails
from adapters.vsp.paden import MAX_METADATA, MAX_PAYLOAD
from adapters.vsp.server import Instellingen
from istandaarden.bevinding import Bevinding
from routing.bericht import Berichtcode, Foutinhoud
from routing.fouten import make_fout
from routing.leestijd import Leestijd
from routing.poorten import Ontvangst, Ontvangstsoort

Maak = Callable[..., Any]
FO01 = (
    b'<StUF:body xmlns:StUF="http://www.egem.nl/StUF/StUF0301"><StUF:code>StUF055</StUF:code>'
    b"<StUF:plek>client</StUF:plek><StUF:omschrijving>Niet geldig</StUF:omschrijving></StUF:body>"
)


def form(metadata: object, payload: bytes | None = b"<x/>", *, eerst_payload: bool = False) -> aiohttp.MultipartWriter:
    delen: list[tuple[str, bytes, str]] = []
    if metadata is not None:
        data = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
        delen.append(("berichtMetadata", data, "application/json"))
    if payload is not None:
        delen.append(("payload", payload, "application/octet-stream"))
    if eerst_payload:
        delen.reverse()
    formulier = aiohttp.MultipartWriter("form-data")
    for naam, data, soort in delen:
        formulier.append(io.BytesIO(data), {"Content-Type": soort}).set_content_disposition("form-data", name=naam)
    return formulier


async def post(opstelling: Any, data: Any, **opties: Any) -> tuple[int, ValidationProblemDetails | None]:
    async with opstelling.http.post(opstelling.push_url, data=data, **opties) as antwoord:
        if antwoord.status == 204:
            assert await antwoord.read() == b""
            return 204, None
        assert antwoord.content_type == "application/json"
        assert antwoord.headers["Cache-Control"] == "no-store"
        probleem = ValidationProblemDetails.model_validate_json(await antwoord.read())
        assert probleem.status == antwoord.status
        assert probleem.title
        return antwoord.status, probleem


async def test_a_bericht_reaches_the_intake_byte_for_byte(opstelling: Any, make_metadata: Maak) -> None:
    metadata, payload = make_metadata(), bytes(range(256)) * 4096 + b"\r\n--grens\r\n"
    assert await post(opstelling, form(metadata, payload)) == (204, None)
    (kreeg,) = opstelling.intake.kreeg
    assert b"".join(kreeg.payload.chunks()) == payload
    assert kreeg.envelop.stuurgegevens.referentienummer == metadata["referentiegegevens"]["traceerId"]
    assert (kreeg.kanaal, kreeg.identiteit.naam, kreeg.bevindingen) == ("vsp", "test", ())


async def test_the_parts_may_come_in_either_order(opstelling: Any, make_metadata: Maak) -> None:
    assert (await post(opstelling, form(make_metadata(), eerst_payload=True)))[0] == 204


async def test_the_client_pushes(opstelling: Any, make_model: Maak) -> None:
    metadata: BerichtMetadata = make_model()
    await opstelling.client.push(metadata, b"<a/>")
    assert opstelling.intake.kreeg[0].envelop.stuurgegevens.referentienummer == metadata.referentiegegevens.traceerId


async def test_a_repeated_bericht_is_taken_again(opstelling: Any, make_metadata: Maak) -> None:
    opstelling.intake.antwoord = Ontvangst(Ontvangstsoort.HERHAALD, "r", "t")
    assert (await post(opstelling, form(make_metadata())))[0] == 204


async def test_a_fo01_from_a_vsp_partij(opstelling: Any, make_metadata: Maak, make_uuid: Maak) -> None:
    over = make_uuid()
    metadata = make_metadata(
        routeringgegevens__berichtstroom__berichttype="Fo01",
        referentiegegevens={"conversatieId": over, "traceerId": make_uuid(), "alsAntwoordOp": over},
    )
    assert (await post(opstelling, form(metadata, FO01)))[0] == 204
    (kreeg,) = opstelling.intake.kreeg
    assert kreeg.envelop.stuurgegevens.berichtcode is Berichtcode.FO01
    assert kreeg.envelop.fout == Foutinhoud("StUF055", "client", "Niet geldig")
    assert b"".join(kreeg.payload.chunks()) == FO01
    status, probleem = await post(opstelling, form(metadata, b"geen xml"))
    assert (status, list(probleem.errors or {}) if probleem else []) == (422, ["payload"])


@pytest.mark.parametrize(
    ("anders", "veld", "woord"),
    [
        ({"routeringgegevens": None}, "routeringgegevens", "verplicht"),
        ({"onbekend": 1}, "onbekend", "niet bekend"),
        ({"routeringgegevens__afzender__rol": ""}, "routeringgegevens.afzender.rol", "minstens 1"),
        ({"routeringgegevens__afzender__rol": "r" * 101}, "routeringgegevens.afzender.rol", "hoogstens 100"),
        ({"routeringgegevens__afzender__rol": "a\u202eb"}, "routeringgegevens.afzender.rol", "onzichtbare"),
        ({"routeringgegevens__afzender__code": "0518\n"}, "routeringgegevens.afzender.code", "Stuurtekens"),
        (
            {"routeringgegevens__berichtstroom__berichtversie": "3"},
            "routeringgegevens.berichtstroom.berichtversie",
            "geheel getal",
        ),
        (
            {"routeringgegevens__berichtstroom__berichtversie": 1000},
            "routeringgegevens.berichtstroom.berichtversie",
            "hoogstens 999",
        ),
        (
            {"routeringgegevens__berichtstroom__berichtversie": 10**30},
            "routeringgegevens.berichtstroom.berichtversie",
            "hoogstens 999",
        ),
        ({"routeringgegevens__geadresseerden": {}}, "routeringgegevens.geadresseerden", "lijst"),
        (
            {"routeringgegevens__geadresseerden": [{"rol": "a"}, {"code": "b"}]},
            "routeringgegevens.geadresseerden[1].rol",
            "verplicht",
        ),
        ({"referentiegegevens__traceerId": "x"}, "referentiegegevens.traceerId", "UUID"),
        (
            {"referentiegegevens__traceerId": "urn:uuid:6f1f0e58-25ba-4b4c-9c5e-0f4f3c1f2a11"},
            "referentiegegevens.traceerId",
            "UUID",
        ),
        ({"verwerkingscontext": []}, "verwerkingscontext", "minstens 1"),
        ({"verwerkingscontext": [{"sleutel": "s", "waarde": ["\x00"]}]}, "verwerkingscontext[0].waarde[0]", "XML"),
    ],
)
async def test_every_field_is_explained(
    opstelling: Any, make_metadata: Maak, anders: dict[str, Any], veld: str, woord: str
) -> None:
    status, probleem = await post(opstelling, form(make_metadata(**anders)))
    assert status == 400
    assert probleem is not None
    assert probleem.errors is not None
    assert woord in probleem.errors[veld][0]
    assert not opstelling.intake.kreeg


async def test_all_faults_at_once_and_no_value_repeated(opstelling: Any, make_metadata: Maak) -> None:
    metadata = make_metadata(
        referentiegegevens__traceerId="999900006", routeringgegevens__afzender__rol=999900006, extra="999900006"
    )
    _, probleem = await post(opstelling, form(metadata, b""))
    assert probleem is not None
    assert len(probleem.errors or {}) == 4
    assert "999900006" not in probleem.model_dump_json()


@pytest.mark.parametrize(
    "json_tekst", [b"", b"{", b"[]", b"null", b"\xff\xfe{}", b'{"a":' * 5000, b"NaN", b'"\\ud800"']
)
async def test_metadata_that_are_no_metadata(opstelling: Any, json_tekst: bytes) -> None:
    status, probleem = await post(opstelling, form(json_tekst))
    assert status == 400
    assert probleem is not None
    assert list(probleem.errors or {}) == ["berichtMetadata"]


async def test_missing_and_empty_parts(opstelling: Any, make_metadata: Maak) -> None:
    for formulier, velden in (
        (form(make_metadata(), None), {"payload"}),
        (form(None), {"berichtMetadata"}),
        (form(make_metadata(), b""), {"payload"}),
    ):
        status, probleem = await post(opstelling, formulier)
        assert status == 400
        assert probleem is not None
        assert set(probleem.errors or {}) == velden


async def test_parts_that_do_not_belong(opstelling: Any, make_metadata: Maak) -> None:
    onbekend = form(make_metadata())
    onbekend.append(b"x").set_content_disposition("form-data", name="bijlage")
    dubbel = form(make_metadata())
    dubbel.append(b"x").set_content_disposition("form-data", name="payload")
    genest = form(make_metadata())
    genest.append_payload(form(make_metadata())).set_content_disposition("form-data", name="payload")
    for formulier in (onbekend, dubbel, genest):
        assert (await post(opstelling, formulier))[0] == 400
    assert not opstelling.intake.kreeg


GRENS = {"Content-Type": "multipart/form-data; boundary=grens"}


@pytest.mark.parametrize(
    ("kop", "inhoud"),
    [
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "multipart/form-data"}, b""),
        (GRENS, b""),
        (GRENS, b"geen grens"),
        (GRENS, b"--grens\r\n"),
        (GRENS, b'--grens\r\nContent-Disposition: form-data; name="payload"\r\n\r\nhalf'),
        (GRENS, b"--grens\r\n" + b"x" * 20_000),
        (GRENS, b"--grens\r\n" + b"X: y\r\n" * 5_000),
        (
            GRENS,
            (
                b'--grens\r\nContent-Disposition: form-data; name="payload"\r\nContent-Transfer-Encoding: base64\r\n'
                b"\r\neA==\r\n--grens--\r\n"
            ),
        ),
        (
            GRENS,
            b'--grens\r\nContent-Disposition: form-data; name="payload"\r\nContent-Encoding: gzip\r\n\r\n'
            + gzip.compress(b"x", mtime=0)
            + b"\r\n--grens--\r\n",
        ),
        (GRENS | {"Content-Encoding": "gzip"}, gzip.compress(b"--grens--\r\n", mtime=0)),
    ],
)
async def test_a_body_that_is_no_form(opstelling: Any, kop: dict[str, str], inhoud: bytes) -> None:
    status, probleem = await post(opstelling, inhoud, headers=kop)
    assert status == 400
    assert probleem is not None
    assert probleem.errors


async def test_a_payload_of_exactly_the_limit_is_taken(opstelling: Any, make_metadata: Maak) -> None:
    assert (await post(opstelling, form(make_metadata(), bytes(MAX_PAYLOAD))))[0] == 204
    assert opstelling.intake.kreeg[0].payload.size == MAX_PAYLOAD
    assert len(opstelling.intake.kreeg[0].payload.compressed) < 100_000


async def test_one_byte_more_is_refused_while_reading(opstelling: Any, make_metadata: Maak) -> None:
    status, probleem = await post(opstelling, form(make_metadata(), bytes(MAX_PAYLOAD + 1)))
    assert status == 413
    assert probleem is not None
    assert "25 MiB" in (probleem.title or "")


async def test_an_announced_size_is_refused_before_reading(opstelling: Any) -> None:
    lezer, schrijver = await asyncio.open_connection("127.0.0.1", int(opstelling.url.split(":")[2].split("/")[0]))
    schrijver.write(
        b"POST /vsp/berichten/rest-push/v1/berichten HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"
        b"Content-Type: multipart/form-data; boundary=a\r\n\r\n"
    )
    assert b" 413 " in await lezer.readline()
    schrijver.close()


@pytest.mark.parametrize("instellingen", [Instellingen(leestijd=Leestijd(0.05))])
async def test_a_body_that_does_not_come(opstelling: Any) -> None:
    lezer, schrijver = await asyncio.open_connection("127.0.0.1", int(opstelling.url.split(":")[2].split("/")[0]))
    schrijver.write(
        b"POST /vsp/berichten/rest-push/v1/berichten HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n"
        b"Content-Type: multipart/form-data; boundary=a\r\n\r\n--a\r\n"
    )
    assert b" 408 " in await lezer.readline()
    schrijver.close()


@pytest.mark.parametrize("instellingen", [Instellingen(leestijd=Leestijd(0.2, tempo=1024 * 1024))])
async def test_every_byte_gives_time_for_more(opstelling: Any, make_metadata: Maak) -> None:
    data, grens = make_metadata(), b"--a\r\nContent-Disposition: form-data; name="
    stukken = [
        grens + b'"berichtMetadata"\r\n\r\n' + json.dumps(data).encode() + b"\r\n" + grens + b'"payload"\r\n\r\n',
        *[bytes(256 * 1024)] * 4,
        b"\r\n--a--\r\n",
    ]

    async def drip() -> AsyncIterator[bytes]:
        for stuk in stukken:
            yield stuk
            await asyncio.sleep(0.1)

    koppen = {"Content-Type": "multipart/form-data; boundary=a"}
    assert await post(opstelling, drip(), headers=koppen) == (204, None)


async def test_metadata_without_end_are_refused(opstelling: Any) -> None:
    status, probleem = await post(opstelling, form(b" " * (MAX_METADATA + 1)))
    assert status == 400
    assert probleem is not None
    assert list(probleem.errors or {}) == ["berichtMetadata"]


@pytest.mark.parametrize(
    ("oorzaak", "status"),
    [("zender_niet_van_certificaat", 422), ("referentienummer_niet_uniek", 422), ("opslaan_onmogelijk", 503)],
)
async def test_a_refusal_of_the_intake(opstelling: Any, make_metadata: Maak, oorzaak: str, status: int) -> None:
    bevinding = Bevinding("ENV", 1, "/a/b", 3, "Dit klopt niet.")
    fout = make_fout(oorzaak, "B", "Bijzonder.", (bevinding,))
    opstelling.intake.antwoord = Ontvangst(Ontvangstsoort.GEWEIGERD, "r", "t", fout=fout)
    async with opstelling.http.post(opstelling.push_url, data=form(make_metadata())) as antwoord:
        assert antwoord.status == status
        assert ("Retry-After" in antwoord.headers) == (status == 503)
        probleem = await antwoord.json()
    assert (probleem["code"], probleem["melder"], probleem["oorzaak"]) == (fout.code, fout.melder, oorzaak)
    assert (probleem["title"], probleem["detail"]) == (fout.omschrijving, fout.toelichting)
    assert probleem["errors"] == {"/a/b": ["Dit klopt niet."]}


async def test_a_mistake_of_ours_leaks_nothing(opstelling: Any, make_metadata: Maak) -> None:
    opstelling.intake.fout = RuntimeError("geheim")
    status, probleem = await post(opstelling, form(make_metadata()))
    assert status == 500
    assert probleem is not None
    assert "geheim" not in probleem.model_dump_json()
