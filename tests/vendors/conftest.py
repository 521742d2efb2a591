"""Vendors' own clients at work on the mocks, and the gateway that shows what they did."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import MockPort
from tests.graph.conftest import gateway, gateway_url

__all__ = ["gateway", "gateway_url"]  # fixtures: pytest finds them by being here


@pytest.fixture
def world(mocks: MockPort, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockPort]:
    """The mocks, made anew afterwards: clients change them. Their HTTP library must not leave for a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield mocks
    mocks.mocks.reset()
