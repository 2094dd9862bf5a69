"""Tables of the durable log. One definition for SQLite and PostgreSQL; migrations stand in `routing/migraties`.

Moments are integers: milliseconds since 1970-01-01 UTC, taken from the database clock. Identifiers of berichten are
UUIDs as text. Nothing here holds a BSN or another part of a payload in the clear.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

_Rijnummer = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only for INTEGER PRIMARY KEY

# --- register: who exists, how they are connected, what they may do -----------------------------------------------

partij = Table(
    "partij",
    metadata,
    Column("code", Text, primary_key=True),
    Column("soort", Text, nullable=False),
    Column("naam", Text, nullable=False),
)

aansluiting = Table(
    "aansluiting",
    metadata,
    Column("partij", Text, ForeignKey("partij.code"), primary_key=True),
    Column("kanaal", Text, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("url", Text),
    Column("fout_generatie", Text, nullable=False, server_default=text("'B'")),
    Column("regelniveau", Integer, nullable=False, server_default=text("1")),  # 1 schema only, up to 4
    Column("antwoordt_hub", Boolean, nullable=False, server_default=text("false")),
    Column("max_gelijktijdig", Integer, nullable=False, server_default=text("1")),  # more than 1 gives up the order
    Column("per_minuut", Integer),  # null: no limit
    Column("quota_berichten", Integer),  # what this partij may hand in; empty: as everybody
    Column("quota_mib", Integer),
    Column("wsdl", Text),  # file with the contract of a partij with protocol soap
    CheckConstraint("kanaal <> 'push' OR url IS NOT NULL", name="push_heeft_url"),
)

identiteit = Table(
    "identiteit",
    metadata,
    Column("partij", Text, ForeignKey("aansluiting.partij"), primary_key=True),
    Column("kenmerk", Text, primary_key=True),
)

machtiging = Table(
    "machtiging",
    metadata,
    Column("partij", Text, ForeignKey("partij.code"), primary_key=True),
    Column("richting", Text, primary_key=True),  # zenden | ontvangen | bevragen
    Column("berichtsoort", Text, primary_key=True),  # WMO301, or with a closing * for a family; woonplaats:jeugdwet
)

releasemoment = Table(  # what an operator lays over the built-in calendar of releases
    "releasemoment",
    metadata,
    Column("partij", Text, primary_key=True),  # empty: for everybody
    Column("standaard", Text, primary_key=True),
    Column("release", Text, primary_key=True),
    Column("moment", Text, primary_key=True),
    Column("tijd", BigInteger),  # NULL: it never comes
)

pgb_overstap = Table(  # from when on VWS pays the pgb's of a gemeente
    "pgb_overstap",
    metadata,
    Column("gemeente", Text, primary_key=True),  # empty: every gemeente without a row
    Column("datum", Text, nullable=False),  # YYYY-MM-DD, a day in the Netherlands
    Column("tkb_tot", Text),  # last day of a TKB about an older budget
)

register_versie = Table(
    "register_versie",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("versie", BigInteger, nullable=False),
)

# --- the log ------------------------------------------------------------------------------------------------------

bericht = Table(
    "bericht",
    metadata,
    Column("id", Text, primary_key=True),
    Column("zender", Text, nullable=False),
    Column("ontvanger", Text, nullable=False),
    Column("berichtcode", Text, nullable=False),
    Column("functie", Text),
    Column("referentienummer", Text, nullable=False),
    Column("cross_ref", Text),
    Column("conversatie", Text, nullable=False),
    Column("geldend", Boolean, nullable=False),  # false for a refused try that a later try replaced
    Column("status", Text, nullable=False),
    Column("status_op", BigInteger, nullable=False),
    Column("ontvangen_op", BigInteger, nullable=False),
    Column("kanaal", Text, nullable=False),  # stuf | vsp | hub
    Column("envelop", Text, nullable=False),  # JSON: everything the envelope must carry when it goes out again
    Column("envelop_digest", Text, nullable=False),  # over envelope and payload: what makes a duplicate identical
    Column("payload_digest", Text, nullable=False),
    Column("payload_grootte", BigInteger, nullable=False),
    Column("ontvangst_referentie", Text, nullable=False),  # referentienummer and tijdstip of the Bv03 that was given
    Column("ontvangst_tijdstip", Text, nullable=False),
    Column("fout_code", Text),
    Column("fout_melder", Text),
    Column("fout_omschrijving", Text),
    postgresql_with={"fillfactor": 70},  # a change of status finds room beside the row, and no index hears of it
)
Index(
    "uq_bericht_zender_referentienummer",
    bericht.c.zender,
    bericht.c.referentienummer,
    unique=True,
    sqlite_where=text("geldend"),
    postgresql_where=text("geldend"),
)
Index("ix_bericht_referentienummer", bericht.c.referentienummer)
Index("ix_bericht_conversatie", bericht.c.conversatie)
Index("ix_bericht_cross_ref", bericht.c.cross_ref)
Index("ix_bericht_ontvangen_op", bericht.c.ontvangen_op)

payload = Table(
    "payload",
    metadata,
    Column("bericht_id", Text, ForeignKey("bericht.id"), primary_key=True),
    Column("sleutel_id", Text, nullable=False),  # which wrapping key
    Column("datasleutel", LargeBinary, nullable=False),  # the data key, wrapped
    Column("inhoud", LargeBinary, nullable=False),  # nonce and ciphertext of the compressed payload
    Column("ontvangen_op", BigInteger, nullable=False, server_default=text("0")),  # of its bericht, for retention
)
Index("ix_payload_ontvangen_op", payload.c.ontvangen_op, payload.c.bericht_id)

gebeurtenis = Table(
    "gebeurtenis",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),
    Column("bericht_id", Text, ForeignKey("bericht.id"), nullable=False),
    Column("moment", BigInteger, nullable=False),
    Column("soort", Text, nullable=False),
    Column("status", Text),
    Column("toelichting", Text, nullable=False),  # JSON
)
Index("ix_gebeurtenis_bericht_id", gebeurtenis.c.bericht_id, gebeurtenis.c.id)

# --- the dossier: which berichten touch the same case, for the rules across berichten -----------------------------

dossier = Table(
    "dossier",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),  # in the order of intake
    Column("bericht_id", Text, ForeignKey("bericht.id"), nullable=False),
    Column("sleutel_id", Text, nullable=False),  # which key made the kenmerk
    Column("soort", Text, nullable=False),
    Column("kenmerk", LargeBinary, nullable=False),  # HMAC; nothing can be read from it
)
Index("ix_dossier_kenmerk", dossier.c.kenmerk)
Index("ix_dossier_bericht_id", dossier.c.bericht_id, dossier.c.soort)

# --- the keten: which berichten hang together, for every i-bericht of iWmo and iJw ---------------------------------

ketenschakel = Table(
    "ketenschakel",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),
    Column("bericht_id", Text, ForeignKey("bericht.id"), nullable=False),
    Column("soort", Text, nullable=False),  # uitwisseling | verzoek | toewijzing
    Column("kenmerk", LargeBinary, nullable=False),  # HMAC; nothing can be read from it
    Column("rol", Text, nullable=False),
    Column("over", Text),  # the bericht that a retour names with its crossRefnummer
    Column("open", Boolean, nullable=False),  # false: certainly waits for nothing; true: look what passed on the key
    Column("moment", BigInteger, nullable=False),
    Column("zender", Text, nullable=False),
    Column("ontvanger", Text, nullable=False),
    Column("dagtekening", Text),  # of a request: its last term counts from there
)
Index("ix_ketenschakel_kenmerk", ketenschakel.c.kenmerk)
Index("ix_ketenschakel_bericht_id", ketenschakel.c.bericht_id)
Index(
    "ix_ketenschakel_over",
    ketenschakel.c.over,
    sqlite_where=text("over IS NOT NULL"),
    postgresql_where=text("over IS NOT NULL"),
)
for _kolom in ("moment", "zender", "ontvanger"):
    Index(
        f"ix_ketenschakel_open_{_kolom}",
        ketenschakel.c[_kolom],
        ketenschakel.c.id,
        sqlite_where=text("open"),
        postgresql_where=text("open"),
    )

# --- delivery -----------------------------------------------------------------------------------------------------

lane = Table(
    "lane",
    metadata,
    Column("naam", Text, primary_key=True),  # code of the ontvanger
    Column("kanaal", Text, nullable=False),  # push | pull; only push lanes are claimed by workers
    Column("pending", BigInteger, nullable=False, server_default=text("0")),
    Column("tail", BigInteger, nullable=False, server_default=text("0")),  # last sequence number given out
    Column("head", BigInteger, nullable=False, server_default=text("0")),  # nothing before this number is open any more
    Column("next_due", BigInteger, nullable=False, server_default=text("0")),
    Column("leased_until", BigInteger, nullable=False, server_default=text("0")),
    Column("lease_token", Text),
    Column("turn", BigInteger, nullable=False, server_default=text("0")),
    Column("breed", Boolean, nullable=False, server_default=text("false")),  # the lease offers several at once
    Column("failures", Integer, nullable=False, server_default=text("0")),  # in a row; opens the breaker
    Column("breaker_since", BigInteger),  # open since; null when closed
    Column("breaker_reason", Text),
    Column("paused_by", Text),
    Column("paused_reason", Text),
    Column("paused_at", BigInteger),
    Column("paused_until", BigInteger),  # null: until someone resumes
)
Index(
    "ix_lane_claim",
    lane.c.turn,
    lane.c.next_due,
    sqlite_where=text("pending > 0 AND kanaal = 'push'"),
    postgresql_where=text("pending > 0 AND kanaal = 'push'"),
)

Index(  # the highest turn so far; partial, so that a claim is never tempted to walk along it past idle lanes
    "ix_lane_turn", lane.c.turn, sqlite_where=text("turn > 0"), postgresql_where=text("turn > 0")
)
Index(  # who holds a lease finds his lane by it
    "ix_lane_lease_token",
    lane.c.lease_token,
    sqlite_where=text("lease_token IS NOT NULL"),
    postgresql_where=text("lease_token IS NOT NULL"),
)

aflevering = Table(
    "aflevering",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),
    Column("lane", Text, ForeignKey("lane.naam"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("bericht_id", Text, ForeignKey("bericht.id"), nullable=False),
    Column("open", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("crashes", Integer, nullable=False, server_default=text("0")),
    Column("mogelijk_aangekomen", Boolean),  # some attempt; NULL: see `lanes.AANGEKOMEN`, by which it is read
    Column("offered", Boolean, nullable=False, server_default=text("false")),  # on its way now, in a `breed` lease
    Column("expires_at", BigInteger, nullable=False),
    Column("quarantaine_op", BigInteger),  # set aside since: not open, not done
    Column("done_at", BigInteger),
    UniqueConstraint("lane", "seq"),
)
Index(
    "ix_aflevering_open",
    aflevering.c.lane,
    aflevering.c.seq,
    sqlite_where=text("open"),
    postgresql_where=text("open"),
)
Index("ix_aflevering_bericht_id", aflevering.c.bericht_id)
Index(
    "ix_aflevering_expires_at",
    aflevering.c.expires_at,
    sqlite_where=text("open"),
    postgresql_where=text("open"),
)

# Accepted, but not yet in a lane: the release is not open yet for `partij`, mostly the ontvanger himself.
aangehouden = Table(
    "aangehouden",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),  # in the order of intake
    Column("bericht_id", Text, ForeignKey("bericht.id"), nullable=False, unique=True),
    Column("lane", Text, nullable=False),  # where it will go
    Column("kanaal", Text, nullable=False),  # for a lane whose ontvanger is no longer connected by then
    Column("partij", Text, nullable=False),
    Column("standaard", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("stroom", Text, nullable=False),
)
Index("ix_aangehouden_lane", aangehouden.c.lane, aangehouden.c.id)
Index(
    "ix_aangehouden_wacht",
    aangehouden.c.lane,
    aangehouden.c.partij,
    aangehouden.c.standaard,
    aangehouden.c.release,
    aangehouden.c.stroom,
    aangehouden.c.kanaal,  # so that counting what waits reads nothing but this index
)
Index(
    "ix_aflevering_quarantaine_op",
    aflevering.c.quarantaine_op,
    sqlite_where=text("quarantaine_op IS NOT NULL"),
    postgresql_where=text("quarantaine_op IS NOT NULL"),
)

# --- maintenance ----------------------------------------------------------------------------------------------------

onderhoud = Table(
    "onderhoud",
    metadata,
    Column("taak", Text, primary_key=True),
    Column("next_due", BigInteger, nullable=False, server_default=text("0")),
    Column("leased_until", BigInteger, nullable=False, server_default=text("0")),
    Column("lease_token", Text),
)

# --- lookups: what was processed about whom, and who asked for what reason -----------------------------------------

verwerking = Table(  # lines as Logboek Dataverwerkingen prescribes them; they only grow, a trigger refuses a change
    "verwerking",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),
    Column("trace_id", Text, nullable=False),
    Column("operation_id", Text, nullable=False, unique=True),
    Column("parent_operation_id", Text),
    Column("foreign_trace_id", Text),
    Column("foreign_operation_id", Text),
    Column("foreign_entity", Text),
    Column("status_code", Integer, nullable=False),  # 0 unknown, 1 ok, 2 error
    Column("name", Text, nullable=False),
    Column("start_time", BigInteger, nullable=False),
    Column("end_time", BigInteger, nullable=False),
    Column("processing_activity_id", Text, nullable=False),
    Column("sleutel_id", Text),  # which key made the HMAC
    Column("data_subject_id", LargeBinary),  # HMAC; nothing can be read from it
)
Index("ix_verwerking_data_subject_id", verwerking.c.data_subject_id)
Index("ix_verwerking_end_time", verwerking.c.end_time)

verantwoording = Table(  # who asked, apart from the lines, which name no user; these only grow too
    "verantwoording",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),
    Column("trace_id", Text, nullable=False, unique=True),  # of all lines that came of this question
    Column("operation_id", Text, nullable=False),
    Column("moment", BigInteger, nullable=False),
    Column("partij", Text, nullable=False),
    Column("identiteit", Text, nullable=False),
    Column("persoon", Text),
    Column("kanaal", Text, nullable=False),
    Column("dienst", Text, nullable=False),
    Column("wet", Text, nullable=False),
    Column("doel", Text, nullable=False),
    Column("zaakkenmerk", Text, nullable=False),
    Column("reden", Text, nullable=False),
    Column("besluit", Text, nullable=False),
)
Index("ix_verantwoording_moment", verantwoording.c.moment)
Index("ix_verantwoording_partij", verantwoording.c.partij, verantwoording.c.moment)

opvraging = Table(  # a question and its answer, for as long as the asker may ask for the same answer again
    "opvraging",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),
    Column("partij", Text, nullable=False),
    Column("dienst", Text, nullable=False),
    Column("vraag_id", Text, nullable=False),  # chosen by the asker, or made here
    Column("vraag_sleutel", Text, nullable=False),  # which key made the HMAC
    Column("vraag_kenmerk", LargeBinary, nullable=False),  # HMAC of the question, to know the same one again
    Column("trace_id", Text, nullable=False),
    Column("begonnen_op", BigInteger, nullable=False),
    Column("uitkomst", Text),  # beantwoord | onbekend | mislukt; NULL while it is being answered
    Column("sleutel_id", Text),
    Column("datasleutel", LargeBinary),
    Column("inhoud", LargeBinary),  # the answer, sealed
    UniqueConstraint("partij", "dienst", "vraag_id"),
)
Index("ix_opvraging_partij", opvraging.c.partij, opvraging.c.dienst, opvraging.c.begonnen_op)
Index("ix_opvraging_begonnen_op", opvraging.c.begonnen_op)

batch = Table(  # a file with questions, on its way to a file with answers
    "batch",
    metadata,
    Column("id", Text, primary_key=True),
    Column("partij", Text, nullable=False),
    Column("dienst", Text, nullable=False),
    Column("kenmerk", LargeBinary, nullable=False),  # HMAC of file and purpose: the same file goes on where it was
    Column("trace_id", Text, nullable=False),
    Column("operation_id", Text, nullable=False),
    Column("begonnen_op", BigInteger, nullable=False),
    Column("kanaal", Text, nullable=False),  # api: the hub answers it; cli: the command does
    Column("gelezen", Boolean, nullable=False),  # false while the file is being taken in
    Column("geteld", Integer, nullable=False, server_default=text("0")),  # answers since the operator last looked
    Column("onbekend", Integer, nullable=False, server_default=text("0")),  # of them, BSNs the register does not know
    Column("verder_op", BigInteger, nullable=False, server_default=text("0")),  # when the next portion may be asked
    UniqueConstraint("partij", "dienst", "kenmerk"),
)
Index("ix_batch_begonnen_op", batch.c.begonnen_op)

batchvraag = Table(  # each different question once
    "batchvraag",
    metadata,
    Column("batch_id", Text, ForeignKey("batch.id"), primary_key=True),
    Column("kenmerk", LargeBinary, primary_key=True),  # HMAC of the question
    Column("klaar", Boolean, nullable=False),
    Column("sleutel_id", Text, nullable=False),
    Column("datasleutel", LargeBinary, nullable=False),
    Column("inhoud", LargeBinary, nullable=False),  # the question, and once answered the answer, sealed
)
Index(
    "ix_batchvraag_open",
    batchvraag.c.batch_id,
    batchvraag.c.kenmerk,
    sqlite_where=text("NOT klaar"),
    postgresql_where=text("NOT klaar"),
)

batchregel = Table(  # each line of the file
    "batchregel",
    metadata,
    Column("batch_id", Text, ForeignKey("batch.id"), primary_key=True),
    Column("nummer", Integer, primary_key=True),
    Column("vraag", LargeBinary),  # kenmerk of its question; NULL when the line is no question
    Column("sleutel_id", Text, nullable=False),
    Column("datasleutel", LargeBinary, nullable=False),
    Column("inhoud", LargeBinary, nullable=False),  # what the line is called, and what is wrong with it, sealed
)
# --- operations -----------------------------------------------------------------------------------------------------

incident = Table(
    "incident",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),
    Column("kenmerk", Text, nullable=False),  # UUID, for the outside world
    Column("oorzaak", Text, nullable=False),
    Column("onderwerp", Text, nullable=False),  # code of the ontvanger, name of the node, bestemming, or empty
    Column("feiten", Text, nullable=False),  # JSON, without personal data
    Column("geopend_op", BigInteger, nullable=False),
    Column("gesloten_op", BigInteger),
    Column("gesloten_omdat", Text),
    Column("gezien_op", BigInteger),  # when the node that it is about last saw it; NULL of any other
)
Index(
    "uq_incident_open",
    incident.c.oorzaak,
    incident.c.onderwerp,
    unique=True,
    sqlite_where=text("gesloten_op IS NULL"),
    postgresql_where=text("gesloten_op IS NULL"),
)
Index("ix_incident_geopend_op", incident.c.geopend_op)

notificatie = Table(
    "notificatie",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),  # the order in which a bestemming gets them
    Column("bestemming", Text, nullable=False),
    Column("kenmerk", Text, nullable=False),  # id of the event, the same on every attempt
    Column("event", Text, nullable=False),  # JSON, exactly as it is sent
    Column("gemaakt_op", BigInteger, nullable=False),
    Column("next_due", BigInteger, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("klaar_op", BigInteger),
    Column("uitkomst", Text),  # of the last attempt
    UniqueConstraint("bestemming", "kenmerk"),
)
Index(
    "ix_notificatie_wachtend",
    notificatie.c.bestemming,
    notificatie.c.id,
    sqlite_where=text("klaar_op IS NULL"),
    postgresql_where=text("klaar_op IS NULL"),
)
Index("ix_notificatie_klaar_op", notificatie.c.klaar_op)

herzending = Table(
    "herzending",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),
    Column("selectie", Text, nullable=False),  # JSON
    Column("toestand", Text, nullable=False),  # voorbereid | loopt | gestopt | klaar
    Column("per_minuut", Integer, nullable=False, server_default=text("0")),
    Column("next_due", BigInteger, nullable=False, server_default=text("0")),
    Column("gemaakt_op", BigInteger, nullable=False),
    Column("gemaakt_door", Text, nullable=False),
    Column("gewijzigd_op", BigInteger, nullable=False),
    Column("gewijzigd_door", Text, nullable=False),
)

herzending_bericht = Table(
    "herzending_bericht",
    metadata,
    Column("herzending_id", BigInteger, ForeignKey("herzending.id"), primary_key=True),
    Column("volgnummer", BigInteger, primary_key=True),
    Column("bericht_id", Text, ForeignKey("bericht.id"), nullable=False),
    Column("aflevering_id", BigInteger, nullable=False),  # the one that was broken off when the job was made
    Column("gedaan_op", BigInteger),
    Column("reden", Text),  # why it was left alone; empty when it was offered again
    UniqueConstraint("herzending_id", "bericht_id"),
)
Index(
    "ix_herzending_bericht_wachtend",
    herzending_bericht.c.herzending_id,
    herzending_bericht.c.volgnummer,
    sqlite_where=text("gedaan_op IS NULL"),
    postgresql_where=text("gedaan_op IS NULL"),
)
Index("ix_herzending_bericht_bericht_id", herzending_bericht.c.bericht_id)

# --- what VECOZO took over to pass on, as long as it is followed -----------------------------------------------------

doorgifte = Table(
    "doorgifte",
    metadata,
    Column("bericht_id", Text, ForeignKey("bericht.id"), primary_key=True),
    Column("stand", Text),  # the status that VECOZO last gave
    Column("gevraagd", Integer, nullable=False, server_default=text("0")),
    Column("next_due", BigInteger, nullable=False),
)
Index("ix_doorgifte_next_due", doorgifte.c.next_due)

# --- Wlz, the copy of the register, which is processed for the CIZ: nothing here names a gemeente or its clients ----

wlz_ronde = Table(
    "wlz_ronde",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),
    Column("begonnen_op", BigInteger, nullable=False),  # what it holds is at least as young as this
    Column("klaar_op", BigInteger),  # NULL while it is being read, and of no use
    Column("sleutel_id", Text, nullable=False),  # which key made the HMACs
    Column("indicaties", BigInteger, nullable=False, server_default=text("0")),
)

wlz_indicatie = Table(
    "wlz_indicatie",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ronde", BigInteger, ForeignKey("wlz_ronde.id"), nullable=False),
    Column("kenmerk", LargeBinary, nullable=False),  # HMAC of the BSN, with a key of this store alone
    Column("sleutel_id", Text, nullable=False),
    Column("datasleutel", LargeBinary, nullable=False),
    Column("inhoud", LargeBinary, nullable=False),  # sealed: identifier and dates
)
Index("ix_wlz_indicatie_kenmerk", wlz_indicatie.c.ronde, wlz_indicatie.c.kenmerk)

# --- Wlz, the lists of clients and what they were told, which is processed for the gemeenten ------------------------

wlz_client = Table(
    "wlz_client",
    metadata,
    Column("id", Text, primary_key=True),
    Column("gemeente", Text, nullable=False),
    Column("sleutel_id", Text, nullable=False),  # which key made the HMACs and the seal
    Column("kenmerk", LargeBinary, nullable=False),  # HMAC of gemeente and BSN, with a key of this store alone
    Column("referentie", LargeBinary, nullable=False),  # HMAC of gemeente and reference
    Column("datasleutel", LargeBinary, nullable=False),
    Column("inhoud", LargeBinary, nullable=False),  # sealed: BSN and reference
    Column("toegevoegd_op", BigInteger, nullable=False),
    Column("ronde", BigInteger, nullable=False, server_default=text("0")),  # last one it was compared with; 0: none
    UniqueConstraint("gemeente", "kenmerk"),
    UniqueConstraint("gemeente", "referentie", name="uq_wlz_client_referentie"),
)
Index("ix_wlz_client_ronde", wlz_client.c.ronde, wlz_client.c.id)

wlz_gevolgd = Table(  # what a gemeente knows about an indication of a client
    "wlz_gevolgd",
    metadata,
    Column("client_id", Text, ForeignKey("wlz_client.id"), primary_key=True),
    Column("indicatie", LargeBinary, primary_key=True),  # HMAC of client and identifier; found in no other row
    Column("loopt", Boolean, nullable=False),
)

wlz_signaal = Table(
    "wlz_signaal",
    metadata,
    Column("id", _Rijnummer, primary_key=True, autoincrement=True),  # the order in which a gemeente reads them
    Column("gemeente", Text, nullable=False),
    Column("client_id", Text, ForeignKey("wlz_client.id"), nullable=False),
    Column("kenmerk", Text, nullable=False, unique=True),  # id of its event
    Column("gemaakt_op", BigInteger, nullable=False),
    Column("sleutel_id", Text, nullable=False),
    Column("datasleutel", LargeBinary, nullable=False),
    Column("inhoud", LargeBinary, nullable=False),  # sealed: kind, reference, dates
)
Index("ix_wlz_signaal_gemeente", wlz_signaal.c.gemeente, wlz_signaal.c.id)
Index("ix_wlz_signaal_client_id", wlz_signaal.c.client_id)
Index("ix_wlz_signaal_gemaakt_op", wlz_signaal.c.gemaakt_op)
