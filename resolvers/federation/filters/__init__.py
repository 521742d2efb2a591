"""Filters: who is asked, what is pushed down, and which rows stay. One file a type.

A filter becomes a Selection: for each source whether it can hold what was asked, the query it gets, and one predicate
over rows. What is pushed down is filtered again by the predicate: an upstream that ignores a filter never widens an
answer.
"""
