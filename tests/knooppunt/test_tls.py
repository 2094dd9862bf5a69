from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import ValidationError

from knooppunt.configuratie import ConfiguratieFout, Koppelvlak
from knooppunt.pki import CLIENT, SERVER, Proefautoriteit, Uitgifte, fingerprint
from knooppunt.tls import client_context, identify, server_context

OIN = "00000001999999990001"
VERZOEK = b"GET /wie HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"

Luister = Callable[..., Awaitable[int]]
Converse = Callable[..., Awaitable[bytes]]
Client = Callable[..., ssl.SSLContext]


def application() -> web.Application:
    async def wie(request: web.Request) -> web.Response:
        bewezen = identify(request)
        return web.Response(text=f"{bewezen.oin} {bewezen.vingerafdruk} {bewezen.naam}")

    app = web.Application()
    app.router.add_get("/wie", wie)
    return app


async def test_the_identity_is_that_of_the_certificate_and_of_no_header(
    luister: Luister, converse: Converse, client: Client, pki: Path
):
    poort = await luister(application())
    vals = b"X-Client-Cert: hub\r\nX-SSL-Client-S-DN: serialNumber=1\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n"
    antwoord = await converse(poort, VERZOEK + vals, client("gemeente"))
    vingerafdruk = fingerprint((pki / "gemeente.pem").read_bytes())
    assert antwoord.endswith(f"\r\n\r\n{OIN} {vingerafdruk} gemeente (TEST)".encode())


async def _refused(poort: int, context: ssl.SSLContext | None, converse: Converse) -> None:
    """Not one byte of HTTP comes back; with TLS 1.3 the client hears of it only after its own handshake."""
    try:
        antwoord = await converse(poort, VERZOEK + b"\r\n", context)
    except (ssl.SSLError, ConnectionError):
        return
    assert antwoord == b""


@pytest.mark.parametrize("versie", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_odd_certificates_are_refused_by_tls(
    luister: Luister, converse: Converse, client: Client, autoriteit: Proefautoriteit, versie: ssl.TLSVersion
):
    nu, dag = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    vreemd = Proefautoriteit.create()  # same name, other key
    eigen = autoriteit.issue("x", OIN, doelen=(CLIENT,))
    bewijzen: dict[str, Uitgifte | None] = {
        "none": None,
        "other authority": vreemd.issue("x", OIN),
        "expired": autoriteit.issue("x", OIN, van=nu - 3 * dag, tot=nu - dag),
        "not yet valid": autoriteit.issue("x", OIN, van=nu + dag, tot=nu + 2 * dag),
        "for servers only": autoriteit.issue("x", OIN, doelen=(SERVER,)),
    }
    poort = await luister(application())

    def context(bewijs: Uitgifte | None) -> ssl.SSLContext:
        gemaakt = client(bewijs)
        gemaakt.minimum_version = gemaakt.maximum_version = versie
        return gemaakt

    assert b" 200 OK" in await converse(poort, VERZOEK + b"\r\n", context(eigen))
    for bewijs in bewijzen.values():
        await _refused(poort, context(bewijs), converse)


async def test_tls_older_than_1_2_is_refused(luister: Luister, converse: Converse, client: Client):
    poort = await luister(application())
    context = client("gemeente")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    await _refused(poort, context, converse)


async def test_plain_http_gets_nothing(luister: Luister, converse: Converse):
    poort = await luister(application())
    await _refused(poort, None, converse)
    poort = await luister(application(), tls=False)
    assert b" 403 Forbidden" in await converse(poort, VERZOEK + b"\r\n")


async def test_a_certificate_that_expires_during_a_connection_stops_counting(
    luister: Luister, converse: Converse, client: Client, monkeypatch: pytest.MonkeyPatch
):
    poort = await luister(application())
    nu = dt.datetime.now(dt.UTC).timestamp()
    monkeypatch.setattr("knooppunt.tls.time.time", lambda: nu + 1000 * 86400)
    antwoord = await converse(poort, VERZOEK + b"\r\n", client("gemeente"))
    assert b" 403 Forbidden" in antwoord


async def test_deliveries_trust_the_configured_authority_and_the_name_only(
    luister: Luister, converse: Converse, koppelvlak: Koppelvlak, pki: Path
):
    poort = await luister(application())
    assert b" 200 OK" in await converse(poort, VERZOEK + b"\r\n", client_context(koppelvlak))
    Proefautoriteit.create().write(pki)
    with pytest.raises(ssl.SSLCertVerificationError):
        await converse(poort, VERZOEK, client_context(koppelvlak))


async def test_deliveries_check_the_name_of_the_server(
    luister: Luister, converse: Converse, koppelvlak: Koppelvlak, autoriteit: Proefautoriteit, pki: Path
):
    autoriteit.issue("x", hosts=("elders.example",)).write(pki, "hub")
    poort = await luister(application())
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        await converse(poort, VERZOEK, client_context(koppelvlak))


def test_unusable_files_are_named_in_words(pki: Path, koppelvlak: Koppelvlak, autoriteit: Proefautoriteit):
    def settings(**anders: object) -> Koppelvlak:
        return koppelvlak.model_copy(update=anders)

    gevallen = [
        (settings(certificaat=pki / "geen.pem"), "koppelvlak.certificaat"),
        (settings(sleutel=pki / "gemeente.key"), "bijbehorende sleutel"),
        (settings(certificaat=pki / "hub.key"), "geen PEM-certificaat"),
        (settings(ca=pki / "hub.key"), "koppelvlak.ca"),
        (settings(ca=pki), "koppelvlak.ca"),
    ]
    for instellingen, melding in gevallen:
        for make in (server_context, client_context):
            with pytest.raises(ConfiguratieFout, match=melding):
                make(instellingen)


def test_a_key_with_a_passphrase_is_refused_without_asking(pki: Path, koppelvlak: Koppelvlak):
    from cryptography.hazmat.primitives import serialization

    sleutel = serialization.load_pem_private_key((pki / "hub.key").read_bytes(), None)
    (pki / "hub.key").write_bytes(
        sleutel.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"geheim"),
        )
    )
    with pytest.raises(ConfiguratieFout, match="zonder wachtwoord"):
        server_context(koppelvlak)


def test_tls_1_3_only_can_be_asked_and_1_1_cannot(koppelvlak: Koppelvlak):
    alleen = koppelvlak.model_copy(update={"tls_minimum": "1.3"})
    assert server_context(alleen).minimum_version is ssl.TLSVersion.TLSv1_3
    assert server_context(koppelvlak).verify_mode is ssl.CERT_REQUIRED
    with pytest.raises(ValidationError):
        Koppelvlak(certificaat="a", sleutel="b", ca="c", tls_minimum="1.1")
