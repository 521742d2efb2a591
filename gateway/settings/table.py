"""Table: what all tables of gateway.toml share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """One table of gateway.toml. Unknown keys are refused, and no value is quoted in an error: it may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
