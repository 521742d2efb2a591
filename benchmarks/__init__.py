"""Benchmarks: what a request costs here, beside others who answer the same question. `make bench`.

`python -m benchmarks` runs peers side by side over one neutral upstream (docs/benchmarks.md says how to read it);
`python -m benchmarks.choices` says what single choices of ours cost. No figure is asserted anywhere: they differ by
machine, ratios much less.

Each peer is a server in a process of its own, pinned to one core; the upstream, and who asks, are on the others. So the
CPU time of the peer's process is what the peer costs, and nothing else is in it: neither the upstream's work nor ours.
Peers take turns, round by round, in an order that turns round: a machine growing busier meets all of them alike.

Rejected: asking the ASGI application in this process. It is simpler, and leaves out the HTTP server, the collector's
walks and whatever peers share with the one who asks.

May import: gateway, resolvers, upstream_mocks. Nothing imports it.
"""
