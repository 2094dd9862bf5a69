"""The demo: a real hub, four simulated partijen, two care cases and four things that go wrong, checked by itself."""
