"""Upstream: a neutral server of balena's and BuildMaster's APIs that answers from remembered bytes.

The project's own mocks answer a request once, by their own rules (OData included); from then on the same request gets
the same bytes, at the price of one look into a dict. So every peer may ask in its own words, and none pays, or waits,
for how the answer came about. Nothing is compressed.

`/w<seed>-<rows>/<kind>/...` is the mock of a kind over a world with exactly so many releases; see `worlds`.
`POST /_bench?delay_ms=20` makes every answer wait; `GET /_bench` tells calls so far, and how many were not remembered.
"""
