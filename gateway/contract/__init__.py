"""Contract: the schema as a promise. What changed since another one, and whether stored operations are still answered.

`releasegraph schema check` is wired in `gateway/cli.py`; here nothing is printed and nothing asks an upstream.
"""
