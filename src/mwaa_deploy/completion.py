"""Completion of the command line in bash, zsh and fish, from the very parser. Pure."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

SHELLS = ("bash", "zsh", "fish")
FILES, FOLDERS = "FILE", "FOLDER"
"""Metavars of options that take a path."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """Something that can be written at a place of the command line.

    Attributes:
        text: an option with its dashes, or a command.
        help: the first sentence about it.
        takes: words that may follow an option; FILES or FOLDERS for a path, nothing for what cannot be guessed.
        flag: whether nothing follows it.
    """

    text: str
    help: str
    takes: tuple[str, ...] = ()
    flag: bool = True


@dataclass(frozen=True, kw_only=True)
class Place:
    """A command, and what may come after it.

    Attributes:
        commands: that were written so far; none at the beginning.
    """

    commands: tuple[str, ...]
    words: tuple[Word, ...]


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """The script that a shell reads once."""
    places = list(_places(parser, ()))
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](parser.prog, places)


def _places(parser: argparse.ArgumentParser, commands: tuple[str, ...]) -> Iterator[Place]:
    words, below = [], []
    for action in parser._actions:  # noqa: SLF001 -- argparse tells its options nowhere else
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {choice.dest: choice.help for choice in action._choices_actions}  # noqa: SLF001
            words += [Word(text=name, help=_first_sentence(helps.get(name))) for name in action.choices]
            below += [(name, found) for name, found in action.choices.items()]
        elif action.option_strings:
            takes = _takes(action)
            flag = action.nargs == 0
            text = action.option_strings[-1]
            words.append(Word(text=text, help=_first_sentence(action.help), takes=takes, flag=flag))
        elif action.choices:
            words += [Word(text=str(choice), help="") for choice in action.choices]
    yield Place(commands=commands, words=tuple(words))
    for name, found in below:
        yield from _places(found, (*commands, name))


def _takes(action: argparse.Action) -> tuple[str, ...]:
    metavar = str(action.metavar or "")
    return tuple(metavar.split("|")) if "|" in metavar or metavar in {FILES, FOLDERS} else ()


def _first_sentence(text: str | None) -> str:
    plain = (text or "").replace("%%", "%")
    return plain.partition(". ")[0].rstrip(".")


def _bash(program: str, places: list[Place]) -> str:
    name = f"_{program.replace('-', '_')}"
    after: dict[str, str] = {}
    for word in (word for place in places for word in place.words if not word.flag):
        after[word.text] = _reply(word.takes)
    lines = [f"# bash completion of {program}", f"{name}() {{", '  local word=${COMP_WORDS[COMP_CWORD]} place="" i']
    lines += ['  case "${COMP_WORDS[COMP_CWORD-1]}" in']
    lines += [f"    {option}) {reply}; return ;;" for option, reply in sorted(after.items())]
    lines += ["  esac", "  for ((i = 1; i < COMP_CWORD; i++)); do", '    case "$place ${COMP_WORDS[i]}" in']
    known = [" ".join(("", *place.commands)) for place in places if place.commands]
    lines += [f'      "{text}") place="{text}" ;;' for text in known]
    lines += ["    esac", "  done", '  case "$place" in']
    for place in places:
        words = " ".join(word.text for word in place.words)
        lines.append(f"""    "{" ".join(("", *place.commands))}") COMPREPLY=($(compgen -W "{words}" -- "$word")) ;;""")
    return "\n".join([*lines, "  esac", "}", f"complete -F {name} {program}"]) + "\n"


def _reply(takes: tuple[str, ...]) -> str:
    if takes == (FOLDERS,):
        return 'COMPREPLY=($(compgen -d -- "$word"))'
    if takes == (FILES,):
        return 'COMPREPLY=($(compgen -f -- "$word"))'
    return f'COMPREPLY=($(compgen -W "{" ".join(takes)}" -- "$word"))' if takes else "COMPREPLY=()"


def _zsh(program: str, places: list[Place]) -> str:
    # Read as a function of $fpath it has to complete at once, and then to stand for itself.
    head = f"#compdef {program}\nautoload -U +X bashcompinit && bashcompinit\n"
    name = f"_{program.replace('-', '_')}"
    return f'{head}{_bash(program, places)}[ -z "${{compstate+x}}" ] || _bash_complete -F {name}\n'


def _fish(program: str, places: list[Place]) -> str:
    lines = [f"# fish completion of {program}", f"complete -c {program} -f"]
    for place in places:
        below = {other.commands[-1] for other in places if other.commands[:-1] == place.commands and other.commands}
        seen = "; and ".join(f"__fish_seen_subcommand_from {command}" for command in place.commands)
        none = f"not __fish_seen_subcommand_from {' '.join(sorted(below))}" if below else ""
        when = "; and ".join(filter(None, (seen, none))) or "true"
        lines += [_fish_line(program, when, word) for word in place.words]
    return "\n".join(lines) + "\n"


def _fish_line(program: str, when: str, word: Word) -> str:
    what = f"-l {word.text[2:]}" if word.text.startswith("--") else f"-a {word.text}"
    parts = [f"complete -c {program} -n '{when}' {what}"]
    if word.takes in {(FILES,), (FOLDERS,)}:
        parts.append("-r -F" if word.takes == (FILES,) else "-x -a '(__fish_complete_directories)'")
    elif not word.flag:
        parts.append(f"-x -a '{' '.join(word.takes)}'" if word.takes else "-x")
    if word.help:
        escaped = word.help.replace("\\", "\\\\").replace("'", "\\'")
        parts.append(f"-d '{escaped}'")
    return " ".join(parts)
