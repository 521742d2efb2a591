"""Incremental: an operation with `@defer` or `@stream` in force, answered in parts. Knows no HTTP.

- Who takes it: `[server] incremental`. Else the served schema has neither directive, and `unsupported.py` tells so.
- Whether a document can be answered in parts is found out once, when it is prepared; whether it is, by the variables of
  a request (`directives.py`). Nothing else is asked of documents that have neither directive.
- It is graphql-core that executes (`executor.py`), never compiled selections, and no part is kept for another request.
- What a query defers begins at once, not when the first part is out: the whole takes no longer than undivided, rows
  behind a list are looked up together, and one deadline holds for all. What a change defers begins when all of the
  change is done, as its order is promised; a list below it is never streamed, since graphql-core would then look up its
  rows one by one.
- Each part is told as the whole is (`parts.py`): errors masked, with their codes, those of sources that lists lost in
  the part that brings the list. `extensions` are in the last part alone: before it nobody knows how each source did.

Rejected: strawberry's own views (an endpoint of their own, errors of later parts unmasked), and answering undivided
whoever does not take parts (a client that asks for them and cannot read them should learn of it).

May import: what gateway.execution may. Uses methods of graphql-core's executor that are not public: in `executor.py`.
"""
