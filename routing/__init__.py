"""Where a bericht goes: parties, mandates, intake, routing, durable log and delivery.

Knows the standards (`istandaarden`) and SQL, but no protocol and no web framework: adapters hand in an
`Aanlevering` and implement the ports of `routing.poorten`.
"""
