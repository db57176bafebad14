"""What pip says when it fails, and the line of the user's file that it means.

Held to what pip 22.3, 24.0 and 26.3 really print (tests/unit/checks/pip_outputs).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from mwaa_deploy.checks.requirement_lines import RequirementsFile


@dataclass(frozen=True, kw_only=True)
class PipProblem:
    """One thing that kept pip from installing.

    Attributes:
        message: one or two sentences, in our words where they help.
        subjects: requirements, names, paths and URLs it is about, the most telling first.
        lines: (file, line number) where pip names them, the most telling first.
    """

    message: str
    subjects: tuple[str, ...] = ()
    lines: tuple[tuple[str, int], ...] = ()

    def place_in(
        self, files: Mapping[str, RequirementsFile], includes: Mapping[str, tuple[str, int]]
    ) -> tuple[str, int] | None:
        """The path of the file and the number of the line to blame; None if that cannot be told.

        Args:
            files: the user's files by their path inside the runner, the requirements file first. pip may name one in
                full or by its end.
            includes: by their path inside the runner, other files, with the place of the line that brings each in.
        """
        ends = [
            (path, number)
            for file, number in self.lines
            for path in ([file] if file in files else [path for path in files if path.endswith(f"/{file}")])
        ]
        other = [file for file, _ in self.lines if not any(path.endswith(file) for path in files)]
        included = [includes.get(subject) for subject in (*self.subjects, *other)]
        words = [word for subject in (*self.subjects, *other) for word in (subject, PurePosixPath(subject).name)]
        asked = [(path, number) for word in words for path, file in files.items() if (number := file.line_of(word))]
        return next((place for place in (*ends, *included, *asked) if place), None)


def parse_pip_output(output: str) -> tuple[PipProblem, ...]:
    """The problems pip names, in the order of their weight; a general one when nothing is recognised."""
    for reader in _READERS:
        if problems := tuple(reader(output)):
            return problems
    return (_general(output),)


# A place in a requirements file, as in '(from -r requirements.txt (line 3))'.
_PLACE = re.compile(r"-[rc] (?P<file>\S+) \(line (?P<line>\d+)\)")
# What pip has begun: 'Collecting a<2 (from b==1->-r requirements.txt (line 3))'. Old versions leave the origin out.
_BEGUN = re.compile(
    r"^\s*(?:Collecting|Processing|Obtaining) (?P<what>.+?)(?: \(from (?P<origin>.+)\))?$", re.MULTILINE
)


def _places(text: str) -> tuple[tuple[str, int], ...]:
    return tuple((found["file"], int(found["line"])) for found in _PLACE.finditer(text))


def _begun(output: str) -> tuple[tuple[str, ...], tuple[tuple[str, int], ...]]:
    """What pip was at when it stopped: subjects and places."""
    begun = list(_BEGUN.finditer(output))
    if not begun:
        return (), ()
    last = begun[-1]
    chain = [last["what"].split(" @ ")[0].split("@ ")[0].removeprefix("./")]
    chain += [link for link in (last["origin"] or "").split("->") if not link.startswith("-")]
    return tuple(chain), _places(last["origin"] or "")


def _invalid(output: str) -> Iterator[PipProblem]:
    pattern = re.compile(
        r"^ERROR: Invalid requirement: (?P<text>'.*?'|.*?)(?:: (?P<why>.+))?"
        r"(?:(?:\n[^\n]*?)*? \(from line (?P<line>\d+) of (?P<file>.+)\))?$",
        re.MULTILINE,
    )
    for found in pattern.finditer(output):
        text = found["text"].strip("'")
        hint = re.search(r"^Hint: (?P<hint>.+)$", output, re.MULTILINE)
        option = re.search(r"error: (?P<why>no such option: .+|.+ option .+)$", output, re.MULTILINE)
        why = found["why"] or (option["why"] if option else "") or (hint["hint"] if hint else "")
        place = ((found["file"], int(found["line"])),) if found["line"] else ()
        yield PipProblem(
            message=f"'{text}' is not a valid requirement" + (f": {why}" if why else "."),
            subjects=(text,),
            lines=place,
        )


def _conflict(output: str) -> Iterator[PipProblem]:
    header = re.search(
        r"^ERROR: Cannot install (?P<who>.+) because these package versions have conflicting", output, re.MULTILINE
    )
    causes = re.search(r"^The conflict is caused by:\n(?P<causes>(?:    .+\n?)+)", output, re.MULTILINE)
    if not header:
        return
    lines = [line.strip() for line in causes["causes"].splitlines()] if causes else []
    wanted = tuple(line.removeprefix("The user requested ") for line in lines)
    asked = tuple(line for line in wanted if not line.startswith("(constraint)") and " depends on " not in line)
    who = tuple(re.split(r", | and ", header["who"]))
    told = "; ".join(line[0].lower() + line[1:] if line.startswith("The user") else line for line in lines)
    told = told.replace("the user requested (constraint)", "the constraints demand")
    told = told.replace("the user requested", "the file asks for")
    named = tuple(subject for subject in who if not subject.startswith("-r "))
    depending = tuple(line.split(" ")[0] for line in wanted if " depends on " in line)
    yield PipProblem(
        message=f"These versions contradict each other: {told or header['who']}.",
        subjects=(*asked, *named, *depending),
        lines=() if asked else _places(header["who"]),
    )


def _not_found(output: str) -> Iterator[PipProblem]:
    pattern = re.compile(
        r"^ERROR: Could not find a version that satisfies the requirement (?P<what>.+?)"
        r"(?: \(from (?P<origin>(?!versions:)[^()]*(?:\([^()]*\))?[^()]*)\))? \(from versions: (?P<there>.*)\)$",
        re.MULTILINE,
    )
    for found in pattern.finditer(output):
        there = found["there"].split(", ")
        if "after connection broken by" in output:
            reason = "the package index could not be reached"
        elif there in ([""], ["none"]):
            reason = "there is no package of that name, or none of its versions fits this Python"
        else:
            reason = f"the newest versions there are: {', '.join(there[-5:])}"
        origin = found["origin"] or ""
        through = [link for link in origin.split("->") if link and not link.startswith("-")]
        by = f" (needed by {', '.join(through)})" if through else ""
        yield PipProblem(
            message=f"No version of {found['what']}{by} can be installed: {reason}.",
            subjects=(found["what"], *through),
            lines=_places(origin),
        )


def _hashes(output: str) -> Iterator[PipProblem]:
    block = re.search(
        r"^ERROR: (?P<kind>THESE PACKAGES DO NOT MATCH THE HASHES|Hashes are required in --require-hashes mode|"
        r"In --require-hashes mode, all requirements must have)[^\n]*\n(?P<body>(?:    .+\n?|\n)+)",
        output,
        re.MULTILINE,
    )
    if not block:
        return
    what = {
        "THESE": "does not have the hash that the file states: it was changed, or the hash is of another version.",
        "Hashes": "has no hash, but once one line has a hash, all need one.",
        "In": "has no exact version (==), but once one line has a hash, all need one.",
    }[block["kind"].split()[0]]
    for found in re.finditer(r"^    (?P<name>\S+)(?: .*)?$", block["body"], re.MULTILINE):
        place = _places(found[0])
        yield PipProblem(message=f"{found['name']} {what}", subjects=(found["name"],), lines=place)


def _unbuildable(output: str) -> Iterator[PipProblem]:
    named = re.findall(
        r"^\s*ERROR: (?:Failed building wheel for (\S+)|Failed to build '([^']+)' when)", output, re.MULTILINE
    )
    without_name = re.search(
        r"^error: (?:metadata-generation-failed|subprocess-exited-with-error)$", output, re.MULTILINE
    )
    if not named and not without_name:
        return
    begun, places = _begun(output)
    told = re.findall(r"^      (\w+(?:Error|Exception): .+)\n\s*\[end of output\]", output, re.MULTILINE)
    fatal = re.findall(r"^\s*fatal: (.+)$", output, re.MULTILINE)
    cannot = "cannot be fetched by git" if fatal else "comes as source only and cannot be built"
    reason = next(iter((*fatal, *told)), "its own build failed")
    names = tuple(dict.fromkeys(name or built for name, built in named))
    for name in names or begun[:1] or ("A package",):
        yield PipProblem(
            message=f"{name} {cannot}: {reason}",
            subjects=(name, *begun) if not names or name in begun[:1] else (name,),
            lines=() if names and name not in begun[:1] else places,
        )


def _unanswered(output: str) -> Iterator[PipProblem]:
    """An address that gave no file; a constraint file's is all that old versions of pip name."""
    begun, places = _begun(output)
    if found := re.search(r"^ERROR: (?P<what>\d{3} \w+ Error: .*?) for url: (?P<url>\S+)$", output, re.MULTILINE):
        url, bare = found["url"], found["url"].partition("://")[2]  # bare, because the user's may have a password in it
        yield PipProblem(
            message=f"{url} cannot be fetched: {found['what']}.", subjects=(url, bare, *begun), lines=places
        )
        return
    pool = re.compile(
        r"^ERROR: Could not install packages due to an OSError: HTTPS?ConnectionPool\(host='(?P<host>[^']+)', "
        r"port=(?P<port>\d+)\): Max retries exceeded with url: (?P<path>\S+) \(Caused by (?P<why>.+)\)$",
        re.MULTILINE,
    )
    if found := pool.search(output):
        why = re.sub(r"^\w+\((?:'?<[^>]+>(?:: |, ))?['\"]?(.*?)['\"]?\)$", r"\1", found["why"])
        bare = (f"{found['host']}:{found['port']}{found['path']}", f"{found['host']}{found['path']}")
        yield PipProblem(
            message=f"{bare[1]} cannot be fetched: {why}.",
            subjects=(*bare, *begun),
            lines=places,
        )


def _unopened(output: str) -> Iterator[PipProblem]:
    pattern = re.compile(
        r"^ERROR: Could not open (?P<kind>requirements|constraint) file: \[Errno \d+\] (?P<why>.+): '(?P<path>.+)'$",
        re.MULTILINE,
    )
    for found in pattern.finditer(output):
        base = found["path"].rpartition("/")[2]
        yield PipProblem(message=f"{found['path']}: {found['why']}.", subjects=(found["path"], base))


_NOT_SENT = (
    r"^ERROR: Could not install requirement (?P<name>.+) from \S+ (?P<place>\(.+\))? ?"
    r"because of (?P<what>HTTP error \d+)"
)
_SINGLE = (
    (r"^ERROR: Package '(?P<name>[^']+)' (?P<what>requires a different Python: .+)$", "{name} {what}."),
    (r"^ERROR: (?P<name>\S+\.whl) (?P<what>is not a supported wheel on this platform)\.$", "{name} {what}."),
    (r"^ERROR: (?P<name>\S+) (?P<what>is not a valid editable requirement)\.", "{name} {what}."),
    (
        _NOT_SENT,
        "{name} cannot be fetched: {what}.",
    ),
    (r"^\S (?P<what>Failed to connect to .+ while fetching) (?P<name>\S+)$", "{what} {name}."),
    (r"^ERROR: (?P<what>Could not install packages due to an OSError: .+?'(?P<name>/[^']+)')$", "{what}."),
)


def _single(output: str) -> Iterator[PipProblem]:
    for pattern, message in _SINGLE:
        if found := re.search(pattern, output, re.MULTILINE):
            groups = found.groupdict(default="")
            yield PipProblem(
                message=message.format_map(groups), subjects=(groups["name"],), lines=_places(groups.get("place", ""))
            )
            return


def _general(output: str) -> PipProblem:
    errors = re.findall(r"^(?:ERROR|error): (.+)$", output, re.MULTILINE)
    subjects, places = _begun(output)
    message = errors[-1][:500] if errors else "pip failed without saying why."
    return PipProblem(message=message, subjects=subjects, lines=places)


_READERS: tuple[Callable[[str], Iterator[PipProblem]], ...] = (
    _invalid,
    _conflict,
    _not_found,
    _hashes,
    _unopened,
    _unanswered,
    _unbuildable,
    _single,
)
