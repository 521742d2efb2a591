"""Upstreams: one adapter a vendor. `client` asks, `rows` is what the vendor sends, `normalise` translates.

An adapter answers with the graph's own types; the vendor's words end where its `normalise` ends. Adapters never import
each other. May import: transport, graph, knowledge, keys, errors.
"""
