"""Paths of the three interfaces, the same on the server and in the client (published descriptions, `servers`)."""

PUSH = "/berichten/rest-push/v1"
PULL = "/berichten/rest-pull/v1"
STATUS = "/berichtstatus/rest-pull/v3"

MAX_BERICHTEN = 250
"""Most berichten or statuses in one answer."""

MAX_PAYLOAD = 25 * 1024 * 1024
"""Bytes of a payload; the chain says 25 MB without saying which, and this is the larger reading."""

MAX_METADATA = 64 * 1024
"""Bytes of the JSON part of a push; our own limit, the description has none for the whole."""
