"""Compiled: selections as functions, run over whole lists beside graphql-core's executor.

graphql-core walks every field of every row: 5 µs for a plain attribute, 27 µs for one that is looked up. Here the
selection of an object becomes one generated function, and a look-up is asked once for all rows of a list.

    result of a resolver --(executor.complete_object_value)--> Region of this document, path and type
        1. now: its function makes the dicts from plain attributes, cheap resolvers and what rows brought along, notes
           what has to be awaited
        2. then: what was noted is asked, a list at a time; what comes back goes through a Region of its own

- Root fields of queries that are plainly called, are called here, see `roots.py`: graphql-core's executor is then made
  only for what is odd.
- Fields with arguments, mutations and whatever strawberry extends stay with graphql-core: step 2 calls its
  `execute_field` for them, and what they return comes back here.
- A surprise in step 1 (null where there must be none, another type, an exception, something to await) drops what the
  step has made and gives the same object to graphql-core, so that errors, paths and nulls are its own. That is safe
  since step 1 has noted nothing anywhere: not in the errors, not at the request's collector, no coroutine was made.
  It calls only resolvers that are synchronous, without arguments: those must have no effect, here as for any reader.
- A Region ends at each field of step 2, and takes only such as may be null: none of their errors can reach beyond it.
- Code is made of the schema's attribute names and of numbers. Response keys come from the client: they are values.
- Plans are in the entry of the prepared document, by operation, values of the variables of @skip and @include, and path
  with its types. Not by the identity of a node: it is given again after the entry was forgotten.

Rejected: closures instead of source text (a call for every field of every row). Completing lists instead of objects
(core meets few lists of objects: connections are objects). Falling back row by row within a list (a row that must not
be null takes the list along; core, once it has the list, comes back here with each row anyway). Recognising look-ups by
running their resolvers against a recorder (a coroutine a row): they are declared, in `resolvers/graph/lookups.py`.

May import: what gateway.execution may. Uses methods of graphql-core's Executor that are not public: `executor.py`,
`execution.py`, `roots.py` and `settling.py` only, and tests/unit/test_compiled_internals.py names each.
"""

from gateway.execution.compiled.execution import Executable, execute
from gateway.execution.compiled.executor import CompiledExecutor, PlainExecutor
from gateway.execution.compiled.plans import Plans

__all__ = ["CompiledExecutor", "Executable", "PlainExecutor", "Plans", "execute"]
