"""The documents that people read, and what is found in them: fenced blocks, commands, links and anchors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[3]
DOCUMENTS = (
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("examples/**/*.md")),
    ROOT / "benchmarks" / "README.md",
)
_FENCE = re.compile(r"^(?P<indent> *)(?P<marks>`{3,}|~{3,}) *(?P<language>[^\s`]*)[^`]*$")
_LINK = re.compile(r"(?<!\\)\]\((?P<address>[^()\s]+(?:\([^()\s]*\)[^()\s]*)*)(?: +\"[^\"]*\")?\)")
_PICTURE = re.compile(r"<(?:img|source|a)\b[^>]*\b(?:src|srcset|href)=\"(?P<address>[^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} +(?P<text>.*?)(?: +#+)? *$")
_NAMED = re.compile(r"<a\b[^>]*\b(?:id|name)=\"(?P<name>[^\"]+)\"")
_CODE = re.compile(r"(?<!`)(?P<marks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=marks)(?!`)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block.

    Attributes:
        file: where it stands; paths in it are relative to its folder, or to the repository.
        line: of its opening fence, from 1.
        language: the word behind the fence, '' if there is none.
        text: what is in it, without the fence's indentation.
    """

    file: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """Where it is, for messages."""
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def blocks(file: Path, text: str) -> list[Block]:
    """Every fenced block of a text. An open one reaches to the text's end, as on GitHub."""
    found: list[Block] = []
    inside: list[str] = []
    begun: tuple[int, re.Match[str]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if begun is None:
            if fence:
                begun, inside = (number, fence), []
        elif fence and fence["marks"].startswith(begun[1]["marks"]) and not fence["language"]:
            found.append(_block(file, begun, inside))
            begun = None
        else:
            inside.append(line)
    if begun is not None:
        found.append(_block(file, begun, inside))
    return found


def _block(file: Path, begun: tuple[int, re.Match[str]], lines: list[str]) -> Block:
    indent = len(begun[1]["indent"])
    inside = [line[min(indent, len(line) - len(line.lstrip(" "))) :] for line in lines]
    return Block(file=file, line=begun[0], language=begun[1]["language"], text="".join(f"{line}\n" for line in inside))


def prose(text: str) -> str:
    """A text without its fenced blocks; lines stay where they are."""
    lines = text.splitlines()
    for block in blocks(ROOT, text):
        end = block.line + block.text.count("\n") + 1
        lines[block.line - 1 : end] = [""] * len(lines[block.line - 1 : end])
    return "\n".join(lines)


def code_spans(text: str) -> Iterator[tuple[int, str]]:
    """Line and content of each `code span` outside of blocks; one line each."""
    shown = prose(text)
    for found in _CODE.finditer(shown):
        yield shown.count("\n", 0, found.start()) + 1, " ".join(found["code"].split())


def links(text: str) -> list[tuple[int, str]]:
    """Line and address of each link and picture outside of code."""
    shown = _CODE.sub(lambda found: "\n" * found[0].count("\n"), prose(text))
    every = [*_LINK.finditer(shown), *_PICTURE.finditer(shown)]
    return [(shown.count("\n", 0, found.start()) + 1, found["address"]) for found in every]


def anchors(text: str) -> frozenset[str]:
    """The anchors that GitHub gives a text: one a heading, a second of the same name with -1, and named ones."""
    shown, seen = prose(text), dict[str, int]()
    found = {named["name"] for named in _NAMED.finditer(shown)}
    for line in shown.splitlines():
        if heading := _HEADING.match(line):
            slug = _slug(heading["text"])
            count = seen[slug] = seen.get(slug, -1) + 1
            found.add(f"{slug}-{count}" if count else slug)
    return frozenset(found)


def _slug(heading: str) -> str:
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"<[^>]+>", "", text)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def link_problems(file: Path, text: str) -> list[str]:
    """Every link that leads nowhere in this repository; those to other servers are left alone."""
    found = []
    for line, address in links(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", address):
            continue
        path, _, anchor = unquote(address).partition("#")
        target = (file.parent / path).resolve() if path else file
        if not target.is_relative_to(ROOT) or not target.exists():
            found.append(f"line {line}: there is no {path}")
        elif anchor and target.suffix == ".md":
            known = anchors(text if target == file else target.read_text(encoding="utf-8"))
            if anchor not in known:
                found.append(f"line {line}: {path or 'this document'} has no anchor #{anchor}")
    return found
