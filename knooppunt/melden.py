"""The parts of the hub that a command needs as well: the terms of delivery, and who tells a zender of a failure."""

from __future__ import annotations

from knooppunt.configuratie import Configuratie
from routing.bewaring import Bewaartermijnen
from routing.foutbericht import Afzender, Foutmelder
from routing.kluis import Kluis
from routing.opvraaggrens import Grenzen
from routing.register import RegisterBron
from routing.vastlegging import Termijnen

_DAG_MS = 24 * 3600 * 1000


def delivery_terms(configuratie: Configuratie) -> Termijnen:
    """Return how long delivery goes on."""
    af = configuratie.aflevering
    return Termijnen(push=round(af.push_dagen * _DAG_MS), pull=round(af.pull_dagen * _DAG_MS))


def retention_terms(configuratie: Configuratie) -> Bewaartermijnen:
    """Return how long things are kept."""
    bewaren = configuratie.bewaren
    return Bewaartermijnen(
        inhoud=round(bewaren.inhoud_dagen * _DAG_MS),
        dossier=round(bewaren.dossier_dagen * _DAG_MS),
        gegevens=round(bewaren.gegevens_dagen * _DAG_MS),
        beheer=round(bewaren.beheer_dagen * _DAG_MS),
    )


def lookup_limits(configuratie: Configuratie) -> Grenzen:
    """Return how much a partij may look up."""
    opvragen = configuratie.opvragen
    return Grenzen(
        per_minuut=opvragen.per_minuut,
        per_dag=opvragen.per_dag,
        onbekend_per_dag=opvragen.onbekend_per_dag,
        batch_per_minuut=opvragen.batch_per_minuut,
        batch_onbekend_procent=opvragen.batch_onbekend_procent,
    )


def make_melder(configuratie: Configuratie, kluis: Kluis, register_bron: RegisterBron) -> Foutmelder:
    """Make what tells a zender that his bericht was refused or not delivered."""
    hub = configuratie.hub
    return Foutmelder(kluis, register_bron, delivery_terms(configuratie), Afzender(hub.organisatie, hub.applicatie))
