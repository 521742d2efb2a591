"""Telemetry: telling what happens. No secret in it."""
