"""The five upstreams, imitated: real HTTP servers that answer as the vendors document.

They share one deterministic `world`, so that the same product, version and commit shows up in several systems, and can
be told to fail (`faults`). They import nothing of the gateway: a mistake there cannot hide here.
"""
