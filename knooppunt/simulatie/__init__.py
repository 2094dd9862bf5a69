"""Simulated gemeenten and zorgaanbieders that send, receive and answer: for demo, tests and onboarding."""
