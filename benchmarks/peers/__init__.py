"""Peers: others who answer the workloads' questions, each one file, written as its own documentation would have it.

Each has `create(sources) -> ASGI application`, which answers POST /graphql. They ask the upstream for what they need
and no more, and none remembers an answer. The gateway itself is no file here: it is served by its own command.
"""
