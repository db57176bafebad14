"""A log that remembers."""

from collections.abc import Iterator
from contextlib import contextmanager

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult
from mwaa_deploy.ports import Annotation


class FakeLog:
    """Fills the Log port.

    Attributes:
        lines: what was said, with a '> ' before each group's title and before what is verbatim.
        checks: those that ended, in order.
        reports: what all of them found, once for each time it was shown.
        masked: the secrets, in order.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.annotations: list[Annotation] = []
        self.checks: list[CheckResult] = []
        self.reports: list[CheckReport] = []
        self.masked: list[str] = []
        self.outputs: dict[str, str] = {}
        self.summaries: list[str] = []

    @property
    def text(self) -> str:
        """Everything that was shown anywhere."""
        return "\n".join(
            [
                *self.lines,
                *(annotation.message for annotation in self.annotations),
                *self.outputs.values(),
                *self.summaries,
            ]
        )

    def info(self, text: str) -> None:
        self.lines.append(text)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        self.lines.append(f"> {title}")
        yield

    def verbatim(self, text: str) -> None:
        self.lines.append(f"> {text}")

    def annotate(self, annotation: Annotation) -> None:
        self.annotations.append(annotation)

    def check(self, result: CheckResult) -> None:
        self.checks.append(result)

    def verdicts(self, report: CheckReport) -> None:
        self.reports.append(report)

    def mask(self, secret: str) -> None:
        self.masked.append(secret)

    def output(self, name: str, value: str) -> None:
        self.outputs[name] = value

    def summary(self, markdown: str) -> None:
        self.summaries.append(markdown)
