"""Choices: what a choice of ours costs, as ratios of contenders measured side by side.

No figure is kept or asserted: milliseconds differ by machine, ratios much less. What is measured, and what is not:

- The gateway runs in this process. Mocks, and the client of the case over HTTP, run in processes of their own: CPU
  time is this process's alone. Wall time includes them, so it depends on how many cores are free.
- Requests go one at a time straight to the ASGI app, middleware included, uncompressed and with calls not logged. That
  leaves the HTTP server out, which would cost every contender the same; the case `server`, about just that, asks by
  HTTP from outside.
- Contenders take turns, in an order that turns round every time. A ratio is the median of the ratios of the rounds, so
  that a machine growing busier does not count; its lowest and highest round are told with it. Far apart: do not trust.
- Event loop and garbage collector are set as `releasegraph serve` sets them, except where they are the question.

May import: gateway, resolvers, upstream_mocks. Nothing imports it.
"""
