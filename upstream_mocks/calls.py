"""Every request the mocks were sent, as it came: what tests count."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field


@dataclass(slots=True)
class Call:
    source: str  # the prefix: balena, nerveshub, ...
    method: str
    path: str  # raw, with prefix and query, before any decoding
    status: int = 0  # 0 while under way, or when the connection was dropped


@dataclass
class Calls:
    made: list[Call] = field(default_factory=list)

    def begin(self, source: str, method: str, path: str) -> Call:
        call = Call(source, method, path)
        self.made.append(call)
        return call

    def listed(self) -> list[dict[str, object]]:
        return [asdict(call) for call in self.made]

    def clear(self) -> None:
        self.made.clear()
