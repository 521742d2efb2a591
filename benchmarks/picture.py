"""Picture: CPU time of a request as bars, peer by peer, and growth as lines. SVG by hand: it is a few rectangles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from benchmarks.variants import LIMIT

WIDTH, LEFT, RIGHT = 860, 190, 190
BAR, GAP, HEAD = 20, 6, 40
COLOURS = {"gateway": "#2f6fde", "by hand": "#3c9a5f", "plain": "#b9572c"}
TEXT = "#8b949e"
"Readable on white and on black: pages show it on either."


def drawn(told: Mapping[str, Any], *, delay_ms: int, in_flight: int) -> str:
    """told: the report as `Report.as_json` says it. Workloads without such a cell are left out."""
    parts: list[str] = []
    y = 10
    for workload in told["workloads"]:
        cells = [one for one in workload["cells"] if (one["delay_ms"], one["in_flight"]) == (delay_ms, in_flight)]
        if cells:
            parts += _bars(f"{workload['name']}: {workload['title']}", cells, y)
            y += HEAD + len(cells) * (BAR + GAP) + 14
    for peer, points in told["growth"].items():
        rows = [(point["count"], point["cpu_us"] / point["count"]) for point in points if point["of"] == "rows"]
        if len(rows) > 1:
            parts += _line(f"{peer}: CPU µs for each row of an answer, by its rows", rows, y)
            y += 190
    about = f"CPU µs of one request, {in_flight} in flight, upstream delay {delay_ms} ms, {told['machine']['date']}"
    parts.append(_text(10, y + 12, about, size=12))
    style = "font-family: system-ui, sans-serif"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 26}" style="{style}">\n' + "\n".join(
        [*parts, "</svg>", ""]
    )


def _bars(title: str, cells: Sequence[Mapping[str, Any]], top: int) -> list[str]:
    longest = max(cell["cpu_us"] for cell in cells)
    parts = [_text(10, top + 20, title, size=15)]
    for place, cell in enumerate(cells):
        y = top + HEAD + place * (BAR + GAP)
        width = max(1.0, (WIDTH - LEFT - RIGHT) * cell["cpu_us"] / longest)
        told = f"{cell['cpu_us']:,.0f} µs"
        if cell["times_by_hand"] is not None and cell["peer"] != LIMIT:
            told += f" · {cell['times_by_hand']:.2f} x by hand"
        colour = next((value for name, value in COLOURS.items() if cell["peer"].startswith(name)), TEXT)
        parts.append(_text(LEFT - 8, y + 15, cell["peer"], anchor="end"))
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="3" fill="{colour}"/>')
        parts.append(_text(LEFT + width + 8, y + 15, told))
    return parts


def _line(title: str, points: Sequence[tuple[int, float]], top: int) -> list[str]:
    """The number of rows in powers of ten from left to right, from 0 upwards what each costs."""
    bottom, height = top + 160, 110
    least, most = math.log10(points[0][0]), math.log10(points[-1][0])
    highest = max(value for _, value in points)

    def at(count: int, value: float) -> tuple[float, float]:
        across = (math.log10(count) - least) / (most - least)
        return LEFT + across * (WIDTH - LEFT - RIGHT), bottom - value / highest * height

    places = [at(*point) for point in points]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [_text(10, top + 20, title, size=15)]
    parts.append(f'<line x1="{LEFT}" y1="{bottom}" x2="{WIDTH - RIGHT}" y2="{bottom}" stroke="{TEXT}"/>')
    parts.append(f'<polyline points="{joined}" fill="none" stroke="{COLOURS["gateway"]}" stroke-width="2"/>')
    for (x, y), (count, value) in zip(places, points, strict=True):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS["gateway"]}"/>')
        parts.append(_text(x, y - 8, f"{value:.0f}", anchor="middle"))
        parts.append(_text(x, bottom + 16, f"{count:,}", anchor="middle"))
    return parts


def _text(x: float, y: float, text: str, *, size: int = 13, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{TEXT}"'
    return f"<text {place}>{escape(text)}</text>"
