"""The VSP shaped REST interface (push, pull and status) for zorgaanbieders: codec, server and client.

Source of every name, limit and answer: VECOZO's three published descriptions (rest-push 1.0.3, rest-pull 1.0.1,
berichtstatus 3.0.0). Paths, relative to where the interface is mounted, are in `adapters.vsp.paden`.
"""
