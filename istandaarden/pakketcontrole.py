"""Judges the files of a package before any of them is compiled: what they are, what they refer to, which berichten."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from lxml import etree

from istandaarden.model import ROOT
from istandaarden.pakketbron import schemas, stylesheets
from istandaarden.pakketschema import XS, XSL, Verwijsfout, closure, follow, parse_file, references
from istandaarden.stijlcontrole import find_checks
from istandaarden.veilig import XmlGeweigerd, printable

NAAMRUIMTE = re.compile(
    r"http://www\.istandaarden\.nl/(?P<standaard>\w{1,10})/(?P<release>\d{1,2}_\d{1,2})/(?P<bericht>\w{1,20})/schema"
    r"(?:/\w{1,5})?"
)
"""Form of the namespaces of iStandaarden (facts §1)."""

_AANTAL_MAX = 10_000
"""Highest minOccurs or maxOccurs other than unbounded: libxml2 takes memory for each."""
_SCHEMA, _STIJL = frozenset({f"{XS}schema"}), frozenset({f"{XSL}stylesheet", f"{XSL}transform"})


@dataclass(slots=True)
class Controle:
    """What was found.

    `redenen` to refuse the package, in Dutch; `berichten` the path of the schema of each bericht, by its namespace, and
    `controles` that of the stylesheet that checks it; `stijlen` all stylesheets, and in `te_nieuw` those that libxslt
    cannot compile because they need XSLT 2 or later.
    """

    redenen: list[str] = field(default_factory=list)
    berichten: dict[str, str] = field(default_factory=dict)
    stijlen: list[str] = field(default_factory=list)
    te_nieuw: list[str] = field(default_factory=list)
    controles: dict[str, str] = field(default_factory=dict)


def inspect(bestanden: Mapping[str, bytes], standaarden: Collection[str]) -> Controle:
    """Judge the files of a package.

    Args:
        bestanden: from `istandaarden.pakketbron.read_source`.
        standaarden: those we know, as namespaces write them: ``iwmo``.
    """
    controle = Controle()
    bomen: dict[str, etree._Element] = {}
    for naam, data in bestanden.items():
        try:
            bomen[naam] = parse_file(data)
        except XmlGeweigerd as fout:
            waar = f", regel {fout.regel}" if fout.regel else ""
            controle.redenen.append(f"{naam}{waar}: {fout.melding}")
    for naam, boom in bomen.items():
        verwacht = _SCHEMA if naam in schemas(bestanden) else _STIJL
        if boom.tag not in verwacht:
            wat = "schema" if verwacht is _SCHEMA else "stylesheet"
            controle.redenen.append(f"{naam} is geen {wat}: het hoofdelement is {printable(str(boom.tag), 120)}")
            continue
        _check_references(bestanden, bomen, naam, controle)
        if verwacht is _SCHEMA:
            _check_numbers(naam, boom, controle)
    _find_messages(bomen, schemas(bestanden), standaarden, controle)
    controle.stijlen = stylesheets(bestanden)
    controle.te_nieuw = [
        naam for naam in controle.stijlen if naam in bomen and not bomen[naam].get("version", "").startswith("1.")
    ]
    if not controle.redenen:
        bruikbaar = {naam: bomen[naam] for naam in controle.stijlen if naam not in controle.te_nieuw}
        controle.controles, dubbel = find_checks(bruikbaar, controle.berichten, lambda naam: closure(bestanden, naam))
        controle.redenen += dubbel
    return controle


def _check_references(
    bestanden: Mapping[str, bytes], bomen: Mapping[str, etree._Element], naam: str, controle: Controle
) -> None:
    eigen = bomen[naam].get("targetNamespace")
    for element, verwijzing in references(bomen[naam]):
        try:
            doel = bomen.get(follow(bestanden, naam, verwijzing))
        except Verwijsfout as fout:
            controle.redenen.append(f"{naam} {fout}")
            continue
        gevraagd = element.get("namespace") if element.tag == f"{XS}import" else eigen
        gevonden = None if doel is None else doel.get("targetNamespace")
        ook_goed = element.tag == f"{XS}include" and gevonden is None
        if element.tag.startswith(XS) and doel is not None and gevonden != gevraagd and not ook_goed:
            controle.redenen.append(
                f"{naam} verwacht in {printable(verwijzing or '')} de naamruimte {printable(gevraagd or '')}, maar dat "
                f"is er een van {printable(gevonden or '')}"
            )
    for anders in ("redefine", "override"):
        if bomen[naam].find(f"{XS}{anders}") is not None:
            controle.redenen.append(f"{naam} verandert een ander schema (xs:{anders}); dat wordt niet gelezen")


def _check_numbers(naam: str, boom: etree._Element, controle: Controle) -> None:
    for element in boom.iter(f"{XS}*"):
        for attribuut in ("minOccurs", "maxOccurs"):
            aantal = element.get(attribuut, "1").strip()
            if aantal != "unbounded" and (len(aantal) > 9 or not aantal.isdecimal() or int(aantal) > _AANTAL_MAX):
                waar = f"{naam}, regel {element.sourceline}"
                controle.redenen.append(f"{waar}: {attribuut} {printable(aantal, 20)} is niet aannemelijk")


def _find_messages(
    bomen: Mapping[str, etree._Element], namen: Collection[str], standaarden: Collection[str], controle: Controle
) -> None:
    vreemd: set[str] = set()
    for naam in namen:
        if naam not in bomen:
            continue
        naamruimte = bomen[naam].get("targetNamespace", "")
        vorm = NAAMRUIMTE.fullmatch(naamruimte)
        if vorm is None or vorm["standaard"] not in standaarden:
            vreemd.add(printable(naamruimte, 120) or "geen naamruimte")
        elif vorm["bericht"] != "basisschema" and any(
            element.get("name") == ROOT for element in bomen[naam].iterchildren(f"{XS}element")
        ):
            if naamruimte in controle.berichten:
                controle.redenen.append(
                    f"{naam} en {controle.berichten[naamruimte]} beschrijven hetzelfde bericht ({naamruimte})"
                )
            controle.berichten.setdefault(naamruimte, naam)
    if not controle.berichten:
        gevonden = f"; gevonden: {', '.join(sorted(vreemd)[:5])}" if vreemd else ""
        bekend = ", ".join(sorted(standaarden))
        controle.redenen.append(f"er is geen schema van een bericht van een bekende standaard ({bekend}) bij{gevonden}")
