"""Import of partijen, aansluitingen and machtigingen from TOML or CSV: everything that is wrong is listed at once.

A partij in the file replaces what the register held about it; other partijen stay as they are. With one error in
the file nothing is stored.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, insert, update

from routing import schema
from routing.dienst import grants
from routing.fouten import GENERATIES
from routing.functies import namen
from routing.partij import KETENPARTIJEN, Aansluiting, Kanaal, Machtiging, Partij, Partijsoort, Protocol, Richting
from routing.register import ingebouwd, next_versie

_VELDEN = (
    "code",
    "soort",
    "naam",
    "kanaal",
    "protocol",
    "url",
    "identiteiten",
    "fout_generatie",
    "regelniveau",
    "antwoordt_hub",
    "max_gelijktijdig",
    "per_minuut",
    "quota_berichten",
    "quota_mib",
    "mag_zenden",
    "mag_ontvangen",
    "mag_bevragen",
)
_KEUZES = {"regelniveau": ("1", "2", "3", "4"), "antwoordt_hub": ("true", "false")}  # text, or what TOML makes of it
_AANTALLEN = {"max_gelijktijdig": 64, "per_minuut": 100_000, "quota_berichten": 999_999, "quota_mib": 999_999}
"""Fields that hold a number, and the largest."""
_LIJSTEN = ("identiteiten", "mag_zenden", "mag_ontvangen", "mag_bevragen")
_MACHTIGINGEN = {
    "mag_zenden": Richting.ZENDEN,
    "mag_ontvangen": Richting.ONTVANGEN,
    "mag_bevragen": Richting.BEVRAGEN,
}
_KENMERK = re.compile(r"oin:[0-9]{20}|sha256:[0-9a-f]{64}")


class Importfout(ValueError):
    """The file cannot be imported; `fouten` lists every reason, each with its place."""

    def __init__(self, fouten: Iterable[str]) -> None:
        """Keep the reasons."""
        self.fouten = tuple(fouten)
        super().__init__("\n".join(self.fouten))


@dataclass(frozen=True, slots=True)
class Inschrijving:
    """One partij as an import file describes it."""

    partij: Partij
    aansluiting: Aansluiting | None
    machtigingen: tuple[Machtiging, ...]


def read_file(pad: Path) -> tuple[Inschrijving, ...]:
    """Read an import file; the ending ``.toml`` or ``.csv`` decides the form.

    Raises:
        Importfout: the file cannot be read or anything in it is wrong.
    """
    if not pad.is_file():
        soort = "dit is geen gewoon bestand" if pad.exists() else "dit bestand bestaat niet"
        raise Importfout([f"{pad}: {soort}"])
    try:
        tekst = pad.read_text(encoding="utf-8-sig")
    except OSError as fout:
        raise Importfout([f"{pad}: dit bestand is niet te lezen"]) from fout
    except UnicodeDecodeError as fout:
        raise Importfout(
            [f"{pad}: dit bestand is geen UTF-8-tekst (byte {fout.start + 1} past daar niet in)"]
        ) from fout
    lezers = {".toml": parse_toml, ".csv": parse_csv}
    if pad.suffix.lower() not in lezers:
        raise Importfout([f"{pad}: onbekend soort bestand; gebruik .toml of .csv"])
    return lezers[pad.suffix.lower()](tekst)


def parse_toml(tekst: str) -> tuple[Inschrijving, ...]:
    """Read ``[[partij]]`` tables.

    Raises:
        Importfout: with every error in the text.
    """
    try:
        ruw = tomllib.loads(tekst)
    except tomllib.TOMLDecodeError as fout:
        gemeld = re.search(r"line (\d+), column (\d+)", str(fout))
        waar = f"regel {gemeld[1]}, kolom {gemeld[2]}" if gemeld else "aan het eind"
        raise Importfout([f"{waar}: dit is geen geldige TOML"]) from fout
    except RecursionError as fout:
        raise Importfout(["dit is geen geldige TOML: te diep genest"]) from fout
    fouten = [f"onbekende sleutel {sleutel!r}; verwacht [[partij]]" for sleutel in ruw if sleutel != "partij"]
    tabellen = ruw.get("partij", [])
    if not isinstance(tabellen, list) or not all(isinstance(t, dict) for t in tabellen):
        raise Importfout([*fouten, "'partij' moet een reeks tabellen zijn: [[partij]]"])
    rijen = (
        (f"partij {nummer} ({tabel.get('code', 'zonder code')})", tabel) for nummer, tabel in enumerate(tabellen, 1)
    )
    return _check(rijen, fouten)


def parse_csv(tekst: str) -> tuple[Inschrijving, ...]:
    """Read CSV with a heading; the separator is ``;`` or ``,`` and lists are separated by blanks.

    Raises:
        Importfout: with every error in the text.
    """
    kop = tekst.splitlines()[0] if tekst.strip() else ""
    lezer = csv.DictReader(io.StringIO(tekst), delimiter=";" if ";" in kop else ",", strict=True)
    fouten = [] if kop else ["het bestand is leeg"]
    rijen: list[tuple[str, Mapping[str, object]]] = []
    try:
        for rij in lezer:
            plaats = f"regel {lezer.line_num} ({rij.get('code') or 'zonder code'})"
            if None in rij:
                fouten.append(f"{plaats}: meer kolommen dan de kop heeft")
            gevuld = {veld: waarde.strip() for veld, waarde in rij.items() if veld and waarde and waarde.strip()}
            rijen.append((plaats, {v: w.split() if v in _LIJSTEN else w for v, w in gevuld.items()}))
    except csv.Error as fout:
        fouten.append(f"regel {lezer.line_num}: geen geldige CSV ({fout})")
    return _check(rijen, fouten)


def _check(rijen: Iterable[tuple[str, Mapping[str, object]]], fouten: list[str]) -> tuple[Inschrijving, ...]:
    """Turn rows into inschrijvingen, or raise with the errors of all rows."""
    gezien: dict[str, str] = {}
    goed: list[Inschrijving] = []
    for plaats, rij in rijen:
        vormfouten = dict(_form_errors(rij))
        gevonden = list(vormfouten.values())
        if "code" not in vormfouten:  # the fields that are well formed are looked at all the same
            inschrijving, waardefouten = _inschrijving({v: w for v, w in rij.items() if v not in vormfouten})
            gevonden += waardefouten
            goed.append(inschrijving)
        code = str(rij.get("code", ""))
        if code and code in gezien:
            gevonden.append(f"staat ook al bij {gezien[code]}")
        gezien.setdefault(code, plaats)
        fouten.extend(f"{plaats}: {fout}" for fout in gevonden)
    if not fouten and not goed:
        fouten.append("het bestand noemt geen enkele partij")
    if fouten:
        raise Importfout(fouten)
    return tuple(goed)


def _form_errors(rij: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the fields whose name or type is wrong, each with what is wrong with it."""
    for veld, waarde in rij.items():
        if veld not in _VELDEN:
            nabij = difflib.get_close_matches(veld, _VELDEN, n=1)
            yield veld, f"onbekend veld {veld!r}" + (f"; bedoelt u {nabij[0]!r}?" if nabij else "")
        elif veld in _LIJSTEN:
            if not isinstance(waarde, list) or not all(isinstance(deel, str) for deel in waarde):
                yield veld, f"{veld} moet een lijst van teksten zijn"
        elif (fout := _value_error(veld, waarde)) is not None:
            yield veld, fout
    if not rij.get("code"):
        yield "code", "code ontbreekt"


def _value_error(veld: str, waarde: object) -> str | None:
    """Say what is wrong with the form of a value that is no list."""
    if veld in _KEUZES:
        goed = str(waarde).lower() in _KEUZES[veld]
        return None if goed else f"{veld} {waarde!r} bestaat niet; kies uit {', '.join(_KEUZES[veld])}"
    if veld in _AANTALLEN:
        goed = re.fullmatch("[1-9][0-9]{0,5}", str(waarde)) is not None and int(str(waarde)) <= _AANTALLEN[veld]
        return None if goed else f"{veld} moet een geheel getal van 1 tot en met {_AANTALLEN[veld]} zijn"
    return None if isinstance(waarde, str) else f"{veld} moet een tekst zijn, tussen aanhalingstekens"


def _soort_of(code: str) -> Partijsoort | None:
    if code in KETENPARTIJEN:
        return Partijsoort.KETENPARTIJ
    if re.fullmatch("[0-9]{4}", code):
        return Partijsoort.GEMEENTE
    return Partijsoort.ZORGAANBIEDER if re.fullmatch("[0-9]{8}", code) else None


def _inschrijving(rij: Mapping[str, object]) -> tuple[Inschrijving, list[str]]:
    """Build the inschrijving of a well-formed row, with what is wrong in its values."""
    fouten: list[str] = []
    tekst = {veld: str(waarde) for veld, waarde in rij.items() if veld not in _LIJSTEN}
    lijsten = {veld: [str(d) for d in w] for veld, w in rij.items() if veld in _LIJSTEN and isinstance(w, list)}
    code = tekst["code"]
    bekend = ingebouwd().get(code)
    soort = _soort_of(code)
    if soort is None:
        fouten.append(
            f"code {code!r} is geen gemeentecode (4 cijfers), AGB-code (8 cijfers) of {', '.join(KETENPARTIJEN)}"
        )
        soort = Partijsoort.ZORGAANBIEDER
    elif soort is Partijsoort.GEMEENTE and bekend is None:
        fouten.append(f"gemeentecode {code} staat niet in de CBS-lijst van 2026")
    if tekst.get("soort", soort) != soort:
        fouten.append(f"soort {tekst['soort']!r} past niet bij code {code}: dat is een {soort}")
    naam = tekst.get("naam") or (bekend.naam if bekend else "")
    if not naam:
        fouten.append("naam ontbreekt")
    machtigingen = tuple(
        Machtiging(code, richting, berichtsoort)
        for veld, richting in _MACHTIGINGEN.items()
        for berichtsoort in dict.fromkeys(lijsten.get(veld, ()))
    )
    fouten += [
        f"berichtsoort {m.berichtsoort!r} is geen bekende functie, en ook geen familie met een ster (WMO*)"
        for m in machtigingen
        if m.richting is not Richting.BEVRAGEN and not any(m.covers(functie) for functie in namen())
    ]
    fouten += [
        f"{m.berichtsoort!r} is geen dienst onder een wet; kies uit {', '.join(grants())}"
        for m in machtigingen
        if m.richting is Richting.BEVRAGEN and m.berichtsoort not in grants()
    ]
    aansluiting = None
    if rij.keys() - {"code", "soort", "naam"} - _MACHTIGINGEN.keys():
        aansluiting = _aansluiting(code, tekst, lijsten.get("identiteiten", []), fouten)
    return Inschrijving(Partij(code, soort, naam), aansluiting, machtigingen), fouten


def _aansluiting(code: str, tekst: Mapping[str, str], kenmerken: list[str], fouten: list[str]) -> Aansluiting:
    """Build the aansluiting and add what is wrong with it to `fouten`."""
    kanaal, protocol, url = tekst.get("kanaal", "push"), tekst.get("protocol", "stuf"), tekst.get("url")
    generatie = tekst.get("fout_generatie", "B")
    fouten += [
        f"{veld} {waarde!r} bestaat niet; kies uit {', '.join(mogelijk)}"
        for veld, waarde, mogelijk in (
            ("kanaal", kanaal, tuple(Kanaal)),
            ("protocol", protocol, tuple(Protocol)),
            ("fout_generatie", generatie, GENERATIES),
        )
        if waarde not in mogelijk
    ]
    if not kenmerken:
        fouten.append("identiteiten ontbreekt: zonder certificaat kan niemand namens deze partij verbinden")
    fouten += [
        f"identiteit {k!r} is geen oin:<20 cijfers> of sha256:<64 tekens hex>"
        for k in kenmerken
        if not _KENMERK.fullmatch(k)
    ]
    if kanaal == Kanaal.PULL and protocol == Protocol.STUF:
        fouten.append("ophalen (pull) kan alleen met protocol vsp")
    if kanaal == Kanaal.PUSH and not url:
        fouten.append("bij kanaal push hoort een url")
    if url and not _is_https(url):
        fouten.append(f"url {url!r} is geen https-adres")
    if kanaal not in tuple(Kanaal) or protocol not in tuple(Protocol):
        kanaal, protocol = Kanaal.PUSH, Protocol.STUF  # the row is refused anyway
    antwoordt = tekst.get("antwoordt_hub", "false").lower() == "true"
    return Aansluiting(
        partij=code,
        identiteiten=tuple(dict.fromkeys(kenmerken)),
        kanaal=Kanaal(kanaal),
        protocol=Protocol(protocol),
        url=url,
        fout_generatie=generatie,
        # To answer is to judge: without a word about it, what a retour can be refused for in one bericht.
        regelniveau=int(tekst.get("regelniveau", "2" if antwoordt else "1")),
        antwoordt_hub=antwoordt,
        max_gelijktijdig=int(tekst.get("max_gelijktijdig", "1")),
        per_minuut=_number(tekst, "per_minuut"),
        quota_berichten=_number(tekst, "quota_berichten"),
        quota_mib=_number(tekst, "quota_mib"),
    )


def _number(tekst: Mapping[str, str], veld: str) -> int | None:
    return int(tekst[veld]) if veld in tekst else None


def _is_https(url: str) -> bool:
    try:
        delen = urlsplit(url)
        return delen.scheme == "https" and bool(delen.hostname) and delen.username is None and delen.port != 0
    except ValueError:
        return False


def store(conn: Connection, inschrijvingen: Iterable[Inschrijving]) -> int:
    """Put inschrijvingen in the register, replacing what it held about these partijen; return how many."""
    aantal = 0
    for inschrijving in inschrijvingen:
        aantal += 1
        code = inschrijving.partij.code
        for tabel in (schema.machtiging, schema.identiteit, schema.aansluiting):
            conn.execute(delete(tabel).where(tabel.c.partij == code))
        rij = {"soort": inschrijving.partij.soort.value, "naam": inschrijving.partij.naam}
        if not conn.execute(update(schema.partij).where(schema.partij.c.code == code).values(**rij)).rowcount:
            conn.execute(insert(schema.partij).values(code=code, **rij))
        if (a := inschrijving.aansluiting) is not None:
            conn.execute(
                insert(schema.aansluiting).values(
                    partij=code,
                    kanaal=a.kanaal.value,
                    protocol=a.protocol.value,
                    url=a.url,
                    fout_generatie=a.fout_generatie,
                    regelniveau=a.regelniveau,
                    antwoordt_hub=a.antwoordt_hub,
                    max_gelijktijdig=a.max_gelijktijdig,
                    per_minuut=a.per_minuut,
                    quota_berichten=a.quota_berichten,
                    quota_mib=a.quota_mib,
                )
            )
            conn.execute(insert(schema.identiteit), [{"partij": code, "kenmerk": k} for k in a.identiteiten])
        if inschrijving.machtigingen:
            conn.execute(
                insert(schema.machtiging),
                [
                    {"partij": code, "richting": m.richting.value, "berichtsoort": m.berichtsoort}
                    for m in inschrijving.machtigingen
                ],
            )
    next_versie(conn)
    return aantal
