"""OData as Pinejs speaks it, over rows in memory: the query language of the balena API.

`urls` reads the raw URL into a `tree`; `translator` turns expressions into functions over rows, checking names and
types before any row is seen, as a database does; `queries` filters, orders and pages, `shapes` selects and expands.
`model` is what the caller describes its tables with, `View` the way rows are reached.

It knows nothing of balena. Three refusals leave it: MalformedUrlError (the URL is not of the grammar),
MissingBindingError (an alias without a value), UntranslatableError (of the grammar, but naming what does not exist or
comparing what cannot be compared).
"""
