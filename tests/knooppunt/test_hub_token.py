"""A running hub as authorisation server, over mutual TLS: what it gives, and to whom it counts."""

from __future__ import annotations

import asyncio
import re
import ssl
from pathlib import Path
from typing import Any

import aiohttp

from knooppunt.configuratie import Configuratie
from knooppunt.configuratiebestand import load
from knooppunt.hub import Hub
from knooppunt.pki import make_demo
from routing.kluis import Kluis
from routing.opslag import Opslag, upgrade
from routing.registerimport import parse_toml, store

_OIN = {"gemeente": "00000001999999990001", "dief": "00000001999999990002"}
_REGISTER = "".join(
    f'[[partij]]\ncode = "{code}"\nurl = "https://{code}.example/"\nidentiteiten = ["oin:{_OIN[wie]}"]\n'
    for code, wie in (("0344", "gemeente"), ("0363", "gemeente"), ("0599", "dief"))
)
_VRAAG = {"grant_type": "client_credentials", "client_id": "0344", "scope": "keten:lezen"}
_OPEN = "/api/v1/keten/open"
_BEPALING = "/api/v1/woonplaatsbeginsel/bepalingen"


_GEWEIGERD: tuple[tuple[dict[str, str | None], int, str], ...] = (
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"grant_type": None}, 400, "invalid_request"),
    ({"client_id": None}, 400, "invalid_request"),
    ({"client_id": "0599"}, 401, "invalid_client"),
    ({"client_secret": "x"}, 400, "invalid_request"),
    ({"scope": None}, 400, "invalid_scope"),
    ({"scope": "keten:lezen alles"}, 400, "invalid_scope"),
    ({"resource": "x"}, 400, "invalid_request"),
    ({"scope": "x" * 9000}, 413, "invalid_request"),
)


async def _configure(map_: Path) -> Configuratie:
    make_demo(map_ / "pki", list(_OIN.items()))
    Kluis.create(map_ / "sleutels")
    url = f"sqlite:///{map_ / 'knooppunt.db'}"
    await asyncio.to_thread(upgrade, url)
    opslag = Opslag(url)
    await opslag.write(store, parse_toml(_REGISTER))
    await opslag.close()
    (map_ / "hub.toml").write_text(
        '[koppelvlak]\ncertificaat = "pki/hub.pem"\nsleutel = "pki/hub.key"\nca = "pki/ca.pem"\npoort = 0\n'
        "[beheer]\npoort = 0\n",
        "utf-8",
    )
    return load(map_ / "hub.toml", {})


def _session(map_: Path, hub: Hub, wie: str) -> aiohttp.ClientSession:
    tls = ssl.create_default_context(cafile=map_ / "pki" / "ca.pem")
    tls.load_cert_chain(map_ / "pki" / f"{wie}.pem", map_ / "pki" / f"{wie}.key")
    return aiohttp.ClientSession(hub.koppelvlak_url, connector=aiohttp.TCPConnector(ssl=tls))


async def _token(sessie: aiohttp.ClientSession, pad: str = "/oauth/token", **anders: str | None) -> tuple[int, Any]:
    velden = {naam: waarde for naam, waarde in (_VRAAG | anders).items() if waarde is not None}
    async with sessie.post(pad, data=velden) as antwoord:
        assert antwoord.headers["Cache-Control"] == "no-store"
        return antwoord.status, await antwoord.json()


async def _get(sessie: aiohttp.ClientSession, bewijs: str | None, **query: str) -> tuple[int, str, Any]:
    kop = {} if bewijs is None else {"Authorization": bewijs}
    async with sessie.get(_OPEN, params=query, headers=kop) as antwoord:
        return antwoord.status, antwoord.headers.get("WWW-Authenticate", ""), await antwoord.json(content_type=None)


async def test_a_token_narrows_what_its_certificate_may_do(tmp_path: Path) -> None:
    configuratie = await _configure(tmp_path)
    async with (
        Hub(configuratie) as hub,
        _session(tmp_path, hub, "gemeente") as wij,
        _session(tmp_path, hub, "dief") as dief,
    ):
        async with wij.get("/.well-known/oauth-authorization-server") as antwoord:
            meta = await antwoord.json()
        assert meta["issuer"] == hub.koppelvlak_url
        assert meta["tls_client_certificate_bound_access_tokens"]
        async with wij.get("/api/v1/openapi.json") as antwoord:
            stroom = (await antwoord.json())["components"]["securitySchemes"]["token"]["flows"]["clientCredentials"]
        assert meta["token_endpoint"] == hub.koppelvlak_url + stroom["tokenUrl"]
        assert meta["scopes_supported"] == list(stroom["scopes"])

        status, gegeven = await _token(wij, pad=stroom["tokenUrl"])
        assert (status, gegeven["token_type"], gegeven["scope"]) == (200, "Bearer", "keten:lezen")
        assert gegeven["expires_in"] == configuratie.oauth.token_seconden
        bewijs = f"Bearer {gegeven['access_token']}"
        assert (await _get(wij, bewijs))[0] == 200
        # the certificate may speak for 0363 too, this token may not; and it is for nothing else
        assert ((await _get(wij, None, partij="0363"))[0], (await _get(wij, bewijs, partij="0363"))[0]) == (200, 403)
        async with wij.post(_BEPALING, json={}, headers={"Authorization": bewijs}) as antwoord:
            assert antwoord.status == 403
            assert antwoord.content_type == "application/problem+json"
            uitdaging = antwoord.headers["WWW-Authenticate"]
            assert 'error="insufficient_scope", scope="woonplaatsbeginsel:bepalen"' in uitdaging

        # stolen, tampered with, of another sort: 401, and the certificate alone does not save it
        assert (await _get(dief, None))[0] == 200
        for wie, verkeerd in (
            (dief, bewijs),
            (wij, bewijs[:-4] + "AAAA"),
            (wij, "Bearer"),
            (wij, "Basic MDM0NDp4"),
        ):
            status, uitdaging, inhoud = await _get(wie, verkeerd)
            assert (status, inhoud["status"]) == (401, 401)
            assert re.fullmatch(r'Bearer realm="knooppunt", error="invalid_token", error_descr[ -~]+', uitdaging)
            assert gegeven["access_token"] not in str(inhoud)
        assert (await _get(wij, None, access_token=gegeven["access_token"]))[0] == 400

        for anders, status, fout in _GEWEIGERD:
            gekregen, inhoud = await _token(wij, **anders)
            assert (gekregen, inhoud["error"]) == (status, fout), anders
            assert re.fullmatch(r"[ !#-\[\]-~]+", inhoud["error_description"])  # RFC 6749 §5.2

        # the register goes before the token: who is taken out of it is out at once
        zonder = _REGISTER.replace(_OIN["gemeente"], "00000001999999990009")
        await hub.opslag.write(store, parse_toml(zonder))
        await hub.register_bron.refresh(hub.opslag)
        assert (await _get(wij, bewijs))[0] == 403
