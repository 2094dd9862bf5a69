"""A package with our own schemas of iWmo 3.2, and a stylesheet in the form of an official check."""

from __future__ import annotations

from pathlib import Path

from istandaarden.catalogus import ingebouwd
from istandaarden.pakket import Pakket
from istandaarden.pakketinstallatie import install
from istandaarden.standaardmap import from_folder
from istandaarden.xsd import write_all

STANDAARDEN = {"iwmo", "ijw", "ieb", "ipgb"}
WMO305 = ingebouwd().find("WMO305", "3.2")
R = "http://www.istandaarden.nl/validatie/1_1/rapport/schema"
KOP = (
    f'xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:r="{R}" xmlns:m="{WMO305.naamruimte}" '
    'exclude-result-prefixes="m"'
)
BASIS = f"""<xsl:stylesheet version="1.0" {KOP}>
<xsl:template match="*[local-name()='Bericht']"><r:Rapport><r:Header><r:XSLTVersie>9.9.9</r:XSLTVersie></r:Header>
<r:Fouten><xsl:apply-templates select="//*" mode="check"/></r:Fouten></r:Rapport></xsl:template>
<xsl:template match="*" mode="check"/>
</xsl:stylesheet>"""


def stijl(sjablonen: str, kop: str = "") -> str:
    """A stylesheet of the official form: it imports what writes the Rapport, and adds rules."""
    return f"""<xsl:stylesheet version="1.0" {KOP}><xsl:import href="basis.xsl"/>{kop}{sjablonen}</xsl:stylesheet>"""


def on(patroon: str, inhoud: str) -> str:
    """A rule: what to report for each element that matches."""
    return f'<xsl:template match="{patroon}" mode="check">{inhoud}</xsl:template>'


def fout(code: str, *locaties: str, retourcode: str = "", details: str = "") -> str:
    """One Fout; places and details are XPath."""
    delen = [f"<r:Code>{code}</r:Code>"]
    delen += [f"<r:Retourcode>{retourcode}</r:Retourcode>"] if retourcode else []
    delen += [f'<r:Locatie><xsl:value-of select="{locatie}"/></r:Locatie>' for locatie in locaties]
    delen += [f'<r:Details><xsl:value-of select="{details}"/></r:Details>'] if details else []
    return f"<r:Fout>{''.join(delen)}</r:Fout>"


def installeer(bron: Path, map_: Path, bestanden: dict[str, str]) -> Pakket:
    """Write our schemas and these files in `bron`, and install them in `map_`."""
    begin = "iwmo/3.2/"
    onze = write_all(ingebouwd().models()).items()
    schemas = {naam.removeprefix(begin): tekst for naam, tekst in onze if naam.startswith(begin)}
    for naam, tekst in (schemas | bestanden).items():
        (bron / naam).parent.mkdir(parents=True, exist_ok=True)
        (bron / naam).write_text(tekst, encoding="utf-8")
    pakket = install(bron, map_, STANDAARDEN).pakket
    from_folder.cache_clear()
    return pakket
