"""The graph's types: what a client sees, and the sentences that explain it.

A type is also the row that adapters build: plain attributes are facts the row carries, resolvers are facts that need
another look-up and reach it through the request's context only. May import: knowledge, keys, errors.
"""
