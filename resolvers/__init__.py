"""The graph: what each field means and how it is answered.

Imports run one way: schema -> request -> loaders -> federation -> upstreams -> {transport, graph} -> knowledge ->
{keys, errors}. Nothing here imports the gateway.
"""
