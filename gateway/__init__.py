"""The gateway: HTTP in, HTTP out. Knows no release, and no upstream by name.

`settings` says what to run with, `cli` runs it, `http` answers. May import: resolvers, whose graph it serves. Only the
command (`cli`, `demo`) knows of the mocks, and only the demo names upstreams, since it brings its own.
"""
