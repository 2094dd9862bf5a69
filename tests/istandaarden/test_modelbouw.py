"""The model file: what it says becomes a model, and what is wrong in it is named with its place."""

from __future__ import annotations

from importlib.resources import files

import pytest

from istandaarden.catalogus import Catalogus, ingebouwd
from istandaarden.model import Berichtmodel, Samengesteld
from istandaarden.modelbestand import Modelfout
from istandaarden.modelbouw import build_models
from istandaarden.toets import validate

BRON = files("istandaarden.modellen").joinpath("iwmo-ijw-3.2.yaml").read_text(encoding="utf-8")


def model_of(code: str) -> Berichtmodel:
    return ingebouwd().model(ingebouwd().find(code, "3.2"))


def klasse(model: Berichtmodel, naam: str) -> Samengesteld:
    return next(soort for soort in model.classes() if soort.naam == naam)


def written(soort: Samengesteld) -> list[str]:
    return [f"{element.naam} {element.type.xsdnaam} {element.aantal}" for element in soort.elementen]


def test_a_klasse_is_read_with_order_types_and_cardinality():
    assert written(klasse(model_of("WMO305"), "StartProduct")) == [
        "ToewijzingNummer LDT_Nummer 0..1",
        "Product CDT_Product 0..1",
        "ToewijzingIngangsdatum LDT_Datum 0..1",
        "Begindatum LDT_Datum 1",
        "StatusAanlevering LDT_StatusAanlevering 1",
    ]


def test_a_retour_is_derived_from_its_heenbericht():
    retour = model_of("WMO306")
    assert written(retour.wortel) == ["Header Header 1", "Client Client 0..1"]
    assert written(klasse(retour, "StartProduct"))[-1] == "RetourCodes RetourCodes 1"
    assert written(klasse(retour, "StartProducten")) == ["StartProduct StartProduct 1..n"]
    assert written(klasse(retour, "Header"))[-5:] == [
        "IdentificatieRetour LDT_IdentificatieBericht 1",
        "DagtekeningRetour LDT_Datum 1",
        "XsltVersie LDT_Versie 0..1",
        "XsdVersieRetour CDT_XsdVersie 1",
        "RetourCodes RetourCodes 0..1",
    ]


def test_a_reeks_may_have_elements_of_its_own():
    assert "GezagsdragerBekend LDT_JaNee 0..1" in written(klasse(model_of("JW315"), "Client"))
    assert "GezagsdragerBekend LDT_JaNee 0..1" not in written(klasse(model_of("WMO315"), "Client"))
    assert {soort.naam for soort in model_of("JW320").classes()} - {
        soort.naam for soort in model_of("WMO320").classes()
    } == {"Woonplaatsbeginsel"}


def test_code_lists_belong_to_the_standaard():
    wmo, jw = model_of("WMO307").basis.logisch, model_of("JW307").basis.logisch
    assert len(wmo["ProductCategorie"].waarden) == 18
    assert len(jw["ProductCategorie"].waarden) == 24
    assert wmo["Geslacht"].waarden == jw["Geslacht"].waarden


def test_a_new_release_is_a_data_file_only():
    nieuw = (
        BRON.replace('release: "3.2"', 'release: "3.3"')
        .replace("/3_2/", "/3_3/")
        .replace("subversie: 2", "subversie: 3")
        .replace("Begindatum Datum, StatusAanlevering", "Begindatum Datum, Toelichting Commentaar?, StatusAanlevering")
    )
    bestaand = [model for model in ingebouwd().models() if model.soort.release == "3.2"]
    catalogus = Catalogus([*bestaand, *build_models("iwmo-ijw-3.3.yaml", nieuw)])
    assert catalogus.releases == ("3.2", "3.3")
    soort = catalogus.find("WMO305")
    assert (soort.release, soort.naamruimte) == ("3.3", "http://www.istandaarden.nl/iwmo/3_3/wmo305/schema")
    assert "Toelichting LDT_Commentaar 0..1" in written(klasse(catalogus.model(soort), "StartProduct"))
    oordeel = validate(f'<Bericht xmlns="{soort.naamruimte}"/>'.encode(), catalogus=catalogus)
    assert oordeel.berichtsoort == soort
    assert not oordeel.geldig


def test_a_standaard_may_have_several_reeksen_and_no_ontvanger():
    bron = """
release: "9.9"
naamruimte: "urn:{standaard}:9_9:{bericht}"
versie: 9
subversie: 9
codelijsten: "3.2"
reeksen:
  w: {standaard: ipgb, voorvoegsel: WMO, titel: iWmo}
  j: {standaard: ipgb, voorvoegsel: JW, titel: iWmo}
partijen: {gemeente: Code}
header: "Code{=code}, Afzender <van>, Ontvanger <naar>"
retourheader: "RetourCodes Code+?"
retourcodes: "RetourCodes Code+"
berichten:
  "501":
    naam: proef
    codes: {w: ["1|2", "3"], j: ["4", "5"]}
    retour: "502"
    van: gemeente
    naar: VWS
    kern: "Lijst Ding+"
    klassen:
      Ding: "Code{<=5}? @j, Getal{<=7}"
logisch:
  tekst: {Code: {max: 3}}
  geheel: {Getal: {max: 9}}
"""
    with pytest.raises(Modelfout, match="Code: alleen een geheel getal"):
        build_models("x.yaml", bron)
    catalogus = Catalogus(build_models("x.yaml", bron.replace("Code{<=5}? @j", "Code? @j")))
    assert [soort.code for soort in catalogus] == ["WMO501", "WMO502", "JW501", "JW502"]
    eerste = catalogus.find("WMO501")
    assert (eerste.afzender_type, eerste.ontvanger_type, eerste.berichtcode) == ("Code", None, "1|2")
    bericht = (
        '<Bericht xmlns="urn:ipgb:9_9:wmo501"><Header><Code>2</Code><Afzender>x</Afzender></Header>'
        "<Lijst><Ding><Getal>7</Getal></Ding></Lijst></Bericht>"
    )
    assert validate(bericht.encode(), catalogus=catalogus).geldig
    fout = validate(bericht.replace(">7<", ">8<").replace(">2<", ">3<").encode(), catalogus=catalogus)
    assert [(b.plaats, b.melding.partition(";")[2]) for b in fout.bevindingen] == [
        ("/Bericht/Header/Code", " verwacht wordt precies 1 of 2."),
        ("/Bericht/Lijst/Ding/Getal", " verwacht wordt een geheel getal van 0 tot en met 7."),
    ]


@pytest.mark.parametrize(
    ("oud", "nieuw", "melding"),
    [
        ("kern: Antwoord", "kern: Antwoordt", r"m\.yaml:\d+: berichten/319/kern: onbekend type Antwoordt"),
        (
            "    naar: zorgaanbieder",
            "    naer: zorgaanbieder",
            r"m\.yaml:\d+: berichten/301/naer: onbekende sleutel; bedoelt u naar\?",
        ),
        ("patroon: agb", "patroon: abg", r"logisch/tekst/AgbCode/patroon: onbekend patroon abg"),
        ("lijst: COD046", "lijst: COD999", r"logisch/code/Geslacht/lijst: .*geen lijst COD999 voor iWmo 3\.2"),
        ('Huis: "Huisnummer', 'Huis: "Adres?, Huisnummer', r"composiet/Adres: Adres bevat zichzelf"),
        ('      Woonplaatsbeginsel: "Gemeente"', '      Wonen: "Gemeente"', "Woonplaatsbeginsel"),
        ('Bsn, Verzoek"', 'Bsn, Bsn, Verzoek"', r"berichten/317/klassen/Client: element Bsn staat er twee keer"),
        ('Bsn, Verzoek"', 'Bsn; Verzoek"', r"klassen/Client: onleesbaar element: 'Bsn; Verzoek'"),
        (
            "ProductReferentie CDT_Referentie",
            "ProductReferentie Referentie",
            "schrijf CDT_Referentie of LDT_Referentie",
        ),
        ("{alfanumeriek}", "{alfa}", "DeclaratieNummer: onbekend patroon alfa"),
        ("subversie: 2", "subversie: twee", r"m\.yaml:\d+: subversie: hier hoort een geheel getal"),
        ('release: "3.2"', "release: 3.2", "release: hier hoort tekst te staan"),
        ('codes: {iwmo: ["484"]', 'codes: {iwmo: ["484", "1"]', "berichten/323/codes/iwmo: hier hoort de eigen code"),
        ("alias: {", "alias: {Bsn: Datum, ", r"alias/Bsn: deze sleutel staat er twee keer"),
        ("alias: {", "alias: [", "geen leesbare YAML"),
        ("/{bericht}/", "/bericht/", r"naamruimte: hier horen \{standaard\} en \{bericht\}"),
        ("Afzender <van>", "Afzender <vna>", r"header: onbekende plaatshouder <vna>"),
        ("BerichtCode{=code}", "BerichtCode{=kode}", r"header: onbekende vaste waarde \{=kode\}"),
        ('Huis: "Huisnummer', 'Huis: "Huizen Huis+, Huisnummer', "een composiet kan geen lijst bevatten"),
        ("bericht: 1.0.0,", 'bericht: "1.0.0 [1.0.0]",', r'xsdversie/bericht: hier hoort "1\.2\.0'),
    ],
)
def test_a_mistake_is_named_with_its_place(oud: str, nieuw: str, melding: str):
    assert oud in BRON
    with pytest.raises(Modelfout, match=melding):
        build_models("m.yaml", BRON.replace(oud, nieuw, 1))


@pytest.mark.parametrize("tekst", ["", "- een\n- twee\n", "release: [\n", "alleen tekst"])
def test_no_model_at_all(tekst: str):
    with pytest.raises(Modelfout, match=r"^m\.yaml"):
        build_models("m.yaml", tekst)


def test_two_files_for_one_namespace_are_refused():
    with pytest.raises(ValueError, match="twee modelbestanden"):
        Catalogus([*ingebouwd().models(), *ingebouwd().models()])
