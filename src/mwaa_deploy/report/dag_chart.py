"""A changed DAG as a Mermaid flowchart: what is new, removed and changed stands out, and a large one is folded."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mwaa_deploy.checks.dag_difference import Change, DagDifference, TaskDifference
from mwaa_deploy.report.mermaid import diagram, label

MOST_NODES = 60
"""Of one chart. A DAG with more tasks is folded by its groups; what is left over then is left out."""

MOST_EDGES = 200
"""Of one chart. Mermaid draws none with more than 500 (maxEdges), and the text stays below its 50,000 characters."""

_COLUMNS = 36
_DEEPEST = 6
"""Nodes in a row that a page is wide enough for."""

_STYLES = {
    Change.NEW: "fill:#1a7f37,stroke:#3fb950,color:#ffffff",
    Change.REMOVED: "fill:#a40e26,stroke:#ff7b72,color:#ffffff,stroke-dasharray:6 4",
    Change.CHANGED: "fill:#845306,stroke:#d29922,color:#ffffff",
}
"""White on dark grounds: the same in GitHub's light and dark theme."""

_LINES = {
    Change.NEW: "stroke:#3fb950,stroke-width:2px",
    Change.REMOVED: "stroke:#ff7b72,stroke-width:2px,stroke-dasharray:6 4",
}
_SIGNS = {Change.NEW: "+ ", Change.REMOVED: "- ", Change.CHANGED: "~ ", Change.SAME: ""}
"""Colours alone would not do for everyone."""

_WORST = (Change.SAME, Change.CHANGED, Change.REMOVED, Change.NEW)


@dataclass(frozen=True, kw_only=True)
class _Node:
    """One task, or the tasks of one group."""

    text: str
    change: Change
    group: bool = False


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A picture.

    Attributes:
        left_out: how many nodes are not in it.
        folded: whether groups stand for their tasks.
    """

    mermaid: str
    left_out: int = 0
    folded: bool = False


def chart(dag: DagDifference, *, nodes: int = MOST_NODES, edges: int = MOST_EDGES) -> Chart | None:
    """The picture of a changed DAG; None where its tasks and what waits for what are the same, or are not known.

    Args:
        dag: what differs.
        nodes: how many there are at most.
        edges: the same.
    """
    if {task.change for task in dag.tasks} | {edge.change for edge in dag.edges} <= {Change.SAME}:
        return None
    names = _names(dag.tasks, nodes)
    found = _nodes(dag.tasks, names)
    shown = _most_telling(dag, found, names, nodes)
    numbers = {name: f"n{number}" for number, name in enumerate(shown)}
    lines = [_node(numbers[name], found[name]) for name in shown]
    links = _links(dag, names, numbers, edges)
    lines += _edges(links)
    for change, style in _STYLES.items():
        if its := [numbers[name] for name in shown if found[name].change is change]:
            lines += [f"classDef {change} {style}", f"class {','.join(its)} {change}"]
    head = (
        "---",
        "config:",
        "  htmlLabels: false",
        "  flowchart:",
        "    htmlLabels: false",
        "---",
        f"flowchart {_direction(numbers.values(), links)}",
        "  accTitle: Tasks of a changed DAG",
        "  accDescr: New tasks are marked +, removed ones -, changed ones ~. The list below has the same.",
    )
    folded = any(node.group for node in found.values())
    text = diagram((*head, *(f"  {line}" for line in lines)))
    return Chart(mermaid=text, left_out=len(found) - len(shown), folded=folded)


def _names(tasks: Sequence[TaskDifference], most: int) -> Mapping[str, str]:
    """What each task is shown as: itself, else the group it is in, else the outermost one."""
    if len(tasks) <= most:
        return {task.id: f"t{task.id}" for task in tasks}
    names = {task.id: _group(task, outer=False) for task in tasks}
    if len(set(names.values())) <= most:
        return names
    return {task.id: _group(task, outer=True) for task in tasks}


def _group(task: TaskDifference, *, outer: bool) -> str:
    if task.group is None:
        return f"t{task.id}"
    return f"g{task.group.split('.')[0] if outer else task.group}"


def _nodes(tasks: Iterable[TaskDifference], names: Mapping[str, str]) -> dict[str, _Node]:
    """By the name that tasks go by; a group has the colour of all its tasks, or counts as changed."""
    members: dict[str, list[TaskDifference]] = {}
    for task in tasks:
        members.setdefault(names[task.id], []).append(task)
    found = {}
    for name, those in members.items():
        if name.startswith("t"):
            (task,) = those
            found[name] = _Node(text=task.id, change=task.change)
            continue
        counts = Counter(task.change for task in those)
        change = next(iter(counts)) if len(counts) == 1 else Change.CHANGED
        differing = [f"{_SIGNS[one].strip()}{counts[one]}" for one in _WORST[:0:-1] if counts[one]]
        told = f", {' '.join(differing)}" if differing else ""
        found[name] = _Node(text=f"{name[1:]} ({len(those)} tasks{told})", change=change, group=True)
    return found


def _most_telling(dag: DagDifference, found: Mapping[str, _Node], names: Mapping[str, str], most: int) -> list[str]:
    """All, or where they are too many those that differ and then their neighbours; in the DAG's own order."""
    if len(found) <= most:
        return list(found)
    differing = {name for name, node in found.items() if node.change is not Change.SAME}
    ends = [(names.get(edge.upstream), names.get(edge.downstream), edge.change) for edge in dag.edges]
    near = {name for pair in ends if pair[2] is not Change.SAME or differing & set(pair[:2]) for name in pair[:2]}
    order = sorted(differing | (near & found.keys()), key=lambda name: name not in differing)
    kept = set(order[:most])
    return [name for name in found if name in kept]


def _node(number: str, node: _Node) -> str:
    text = label(_SIGNS[node.change] + node.text, columns=_COLUMNS)
    left, right = ("[[", "]]") if node.group else ("[", "]")
    return f'{number}{left}"{text}"{right}'


def _links(
    dag: DagDifference, names: Mapping[str, str], numbers: Mapping[str, str], most: int
) -> dict[tuple[str, str], Change]:
    """What waits for what, once for each two nodes, what differs first."""
    found: dict[tuple[str, str], Change] = {}
    for edge in dag.edges:
        upstream, downstream = (numbers.get(names.get(end, "")) for end in (edge.upstream, edge.downstream))
        if upstream is None or downstream is None or upstream == downstream:
            continue
        change = found.setdefault((upstream, downstream), edge.change)
        if change is not edge.change:
            found[upstream, downstream] = Change.SAME
    order = sorted(found, key=lambda pair: found[pair] is Change.SAME)[:most]
    return {pair: found[pair] for pair in order}


def _edges(links: Mapping[tuple[str, str], Change]) -> list[str]:
    """No link has a label: GitHub draws none such in a folded part."""
    lines = [f"{up} {'-.->' if change is Change.REMOVED else '-->'} {down}" for (up, down), change in links.items()]
    for change, style in _LINES.items():
        if its := [str(at) for at, one in enumerate(links.values()) if one is change]:
            lines.append(f"linkStyle {','.join(its)} {style}")
    return lines


def _direction(numbers: Iterable[str], links: Iterable[tuple[str, str]]) -> str:
    """From left to right, which is read best, unless that would be too wide to be read at all."""
    rank, links = dict.fromkeys(numbers, 0), tuple(links)
    for _ in range(len(rank)):  # groups may wait for each other, so that it need not come to an end by itself
        rank.update({down: rank[up] + 1 for up, down in links if rank[down] <= rank[up]})
    depth, widest = max(rank.values()) + 1, max(Counter(rank.values()).values())
    return "LR" if depth <= max(_DEEPEST, widest) else "TB"
