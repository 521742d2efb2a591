"""Execution: from the text of an operation to a result, before and after the resolvers."""
