"""Diagnosis: what the doctor found, for people: a block for each source, what is wrong at its top."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from gateway.doctor import Diagnosis
from gateway.openness import Openness
from resolvers.upstreams.examination import Examination, Sample, counted

LABEL = 12


def show(diagnoses: Sequence[Diagnosis], gateway: Openness) -> None:
    """On standard output. Lines are not broken, so that they can be searched."""
    console = Console(soft_wrap=True, highlight=False)
    for diagnosis in diagnoses:
        for line in (_headline(diagnosis), *_findings(diagnosis.examination), *_facts(diagnosis), Text()):
            console.print(line)
    for line in (Text("gateway", "bold"), *(_line(label, text) for label, text in gateway.lines), Text()):
        console.print(line)
    console.print(_summary(diagnoses))


def _headline(diagnosis: Diagnosis) -> Text:
    mark = ("ok", "bold green") if diagnosis.is_well else ("PROBLEM", "bold red")
    return Text.assemble(mark, " ", (diagnosis.name, "bold"), f"  {diagnosis.config.kind.name}  {diagnosis.config.url}")


def _findings(exam: Examination) -> Iterator[Text]:
    for word, style, findings in (("problem", "red", exam.problems), ("warning", "yellow", exam.warnings)):
        for finding in findings:
            yield _line(word, f"{finding.check.value}: {finding.message}", style)
            yield _line("", f"→ {finding.advice}")


def _facts(diagnosis: Diagnosis) -> Iterator[Text]:
    exam, line = diagnosis.examination, diagnosis.line
    skew = "" if line.clock_skew_s is None else f", its clock {line.clock_skew_s:+.0f} s"
    yield _line("reachable", f"in {line.latency_ms:.0f} ms{skew}" if line.latency_ms is not None else "no")
    identity = f" ({exam.identity})" if exam.identity else ""
    yield _line("credential", exam.credential.value.lower() + identity)
    yield _line("version", exam.version or "unknown")
    yield from (_line("may", phrase) for phrase in exam.may)
    yield from (_line(sample.of.value, _sampled(sample)) for sample in exam.samples)


def _sampled(sample: Sample) -> str:
    parts = [f"{counted(sample.rows, 'row')} looked at"]
    parts += [f"{word} {', '.join(names)}" for word, names in _members(sample) if names]
    return "; ".join(parts)


def _members(sample: Sample) -> tuple[tuple[str, Sequence[str]], ...]:
    return ("not read:", sample.unknown), ("did not come:", sample.missing)


def _line(label: str, text: str, style: str = "") -> Text:
    return Text.assemble("  ", (label.ljust(LABEL), style or "dim"), text)


def _summary(diagnoses: Sequence[Diagnosis]) -> Text:
    ill = [each.name for each in diagnoses if not each.is_well]
    if not ill:
        return Text(f"{counted(len(diagnoses), 'source')}, all well")
    return Text(f"{len(ill)} of {counted(len(diagnoses), 'source')} with problems: {', '.join(ill)}")
