"""Which line of the requirements file brought a package in, and by way of which other packages."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from mwaa_deploy.checks.installed import Installed, satisfies
from mwaa_deploy.checks.redaction import hide
from mwaa_deploy.checks.requirement_files import ReadFile, RequirementsTree
from mwaa_deploy.checks.requirement_lines import RequirementLine
from mwaa_deploy.checks.verdicts import Location

_Node = tuple[NormalizedName, frozenset[str]]
"""A package, and the extras it was asked for with."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """From a line of the user's to a package.

    Attributes:
        line: where it begins, a line that asks for a package.
        file: the file with that line.
        needs: what each package on the way needs of the next one, as the package states it; empty if the line itself
            asks for the package.
        last: the requirement that the package itself came in by.
    """

    file: ReadFile
    line: RequirementLine
    needs: tuple[Requirement, ...]
    last: Requirement | None

    @property
    def location(self) -> Location:
        """The line."""
        return self.file.at(self.line.number)

    def __str__(self) -> str:
        """As in 'line 4 asks for a==1, which needs b<4, which needs c<5'."""
        links = [f"line {self.line.number} asks for {hide(self.line.asked)}"]
        return ", which needs ".join((*links, *(f"{need.name}{need.specifier}" for need in self.needs)))


class Chains:
    """The ways from the user's lines to every package that they bring in, the shortest of each.

    Args:
        tree: the requirements file and what it brings in.
        installed: what there is after the installation.
    """

    def __init__(self, tree: RequirementsTree, installed: Installed) -> None:
        self._tree = tree
        self._installed = installed

    def to(self, name: NormalizedName, *, kept: str | None = None) -> Chain | None:
        """The way to a package; None if no line leads there.

        Args:
            name: of the package.
            kept: a version that it had before: a way whose last demand rules it out explains more, and goes first.
        """
        ways = list(self._ways(name))
        telling = [way for way in ways if way.last and kept is not None and not satisfies(kept, way.last)]
        return min(telling or ways, key=lambda way: len(way.needs), default=None)

    def _ways(self, name: NormalizedName) -> Iterator[Chain]:
        for file, line in self._lines:
            if line.name == name:
                yield Chain(file=file, line=line, needs=(), last=line.requirement)
        for first, needs in self._edges.get(name, ()):
            file, line = self._lines[first]
            yield Chain(file=file, line=line, needs=needs, last=needs[-1])

    @cached_property
    def _lines(self) -> list[tuple[ReadFile, RequirementLine]]:
        return [
            (file, line)
            for file, line in self._tree.asking
            if line.name and not line.fault and line.applies(self._installed.environment)
        ]

    @cached_property
    def _edges(self) -> dict[NormalizedName, list[tuple[int, tuple[Requirement, ...]]]]:
        """Breadth first: by package that is needed, the index of the line and the needs that lead from it there."""
        found: dict[NormalizedName, list[tuple[int, tuple[Requirement, ...]]]] = {}
        seen: set[_Node] = set()
        waiting: deque[tuple[_Node, int, tuple[Requirement, ...]]] = deque()

        def reach(node: _Node, first: int, needs: tuple[Requirement, ...]) -> None:
            if node not in seen and node[0] in self._installed.packages:
                seen.add(node)
                waiting.append((node, first, needs))

        for index, (_, line) in enumerate(self._lines):
            if line.name:
                reach((line.name, _extras(line.requirement)), index, ())
        while waiting:
            node, first, needs = waiting.popleft()
            for need in self._needs(node):
                name = canonicalize_name(need.name)
                found.setdefault(name, []).append((first, (*needs, need)))
                reach((name, _extras(need)), first, (*needs, need))
        return found

    def _needs(self, node: _Node) -> Iterator[Requirement]:
        return self._installed.needs_of(self._installed.packages[node[0]], node[1])


def _extras(requirement: Requirement | None) -> frozenset[str]:
    return frozenset(requirement.extras) if requirement else frozenset()
