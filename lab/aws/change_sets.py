"""What CloudFormation tells in change sets that ministack does not: property values, and templates by their URL."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET

from lab.aws.emulator import Emulator
from lab.aws.private_names import replace

MASK = "****"
_VIRTUAL_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-][a-z0-9.-]*amazonaws\.com(\.cn)?")
_PATH_HOST = re.compile(r"s3[.-][a-z0-9.-]*amazonaws\.com(\.cn)?")

Query = Mapping[str, Any]


def complete_change_sets(emulator: Emulator) -> None:
    """Let DescribeChangeSet heed IncludePropertyValues and NoEcho, and CreateChangeSet any URL of S3."""
    _keep_values(emulator)
    _tell_values(emulator)
    _read_urls(emulator)


def _keep_values(emulator: Emulator) -> None:
    known: Callable[..., list[dict[str, Any]]] = emulator.changesets._diff_resources  # noqa: SLF001

    def diff(old: Mapping[str, Any], new: Mapping[str, Any], *others: object) -> list[dict[str, Any]]:
        changes = known(old, new, *others)
        for change in (entry["ResourceChange"] for entry in changes if entry["ResourceChange"]["Action"] == "Modify"):
            sides = [side["Resources"][change["LogicalResourceId"]].get("Properties") or {} for side in (old, new)]
            for target in (detail["Target"] for detail in change["Details"]):
                if name := target.get("Name"):
                    _add_values(target, name, *sides)
        return changes

    replace(emulator.changesets, "_diff_resources", diff)


def _add_values(target: dict[str, Any], name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    target["Path"] = f"/Properties/{name}"
    for key, side in (("BeforeValue", old), ("AfterValue", new)):
        if name in side:
            value = side[name]
            target[key] = value if isinstance(value, str) else json.dumps(value)


def _tell_values(emulator: Emulator) -> None:
    known: Callable[[Query], tuple[int, Any, Any]] = emulator.stack_handlers._ACTION_HANDLERS["DescribeChangeSet"]  # noqa: SLF001

    def describe(query: Query) -> tuple[int, Any, Any]:
        status, headers, body = known(query)
        if status >= 400:  # noqa: PLR2004
            return status, headers, body
        found = emulator.changesets._find_change_set(_one(query, "ChangeSetName"), _one(query, "StackName"))[1]  # noqa: SLF001
        root = ET.fromstring(body)  # noqa: S314 (the emulator's own answer)
        space = root.tag.partition("}")[0] + "}"
        ET.register_namespace("", space.strip("{}"))
        secrets = {name: str(p["Value"]) for name, p in found["_resolved_params"].items() if p.get("NoEcho")}
        for parameter in root.iter(f"{space}member"):
            value = parameter.find(f"{space}ParameterValue")
            if value is not None and parameter.findtext(f"{space}ParameterKey") in secrets:
                value.text = MASK
        if _one(query, "IncludePropertyValues") == "true":
            for element, target in zip(root.iter(f"{space}Target"), _shown_targets(found, secrets), strict=True):
                for key in ("Path", "BeforeValue", "AfterValue"):
                    if key in target:
                        ET.SubElement(element, space + key).text = target[key]
        return status, headers, ET.tostring(root)

    emulator.stack_handlers._ACTION_HANDLERS["DescribeChangeSet"] = describe  # noqa: SLF001


def _shown_targets(change_set: Mapping[str, Any], secrets: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """What each detail is about, with what comes of NoEcho parameters masked, before and after."""
    for change in (entry["ResourceChange"] for entry in change_set["Changes"]):
        details = change.get("Details", ())
        hidden = {detail["Target"].get("Path") for detail in details if detail.get("CausingEntity") in secrets}
        for target in (detail["Target"] for detail in details):
            values = {key: target[key] for key in ("BeforeValue", "AfterValue") if key in target}
            secret = target.get("Path") in hidden
            yield {
                **target,
                **{k: MASK for k, v in values.items() if secret or any(s in v for s in secrets.values())},
            }


def _read_urls(emulator: Emulator) -> None:
    """Let the bucket's name stand in the host, and a URL name a version."""
    known: Callable[..., tuple[str | None, Any]] = emulator.stack_helpers._resolve_document  # noqa: SLF001

    def resolve(query: Query, body_key: str, url_key: str, label: str) -> tuple[str | None, Any]:
        url = _one(query, url_key)
        parts = next(_bucket_and_key(url), None) if url else None
        if parts is None or _one(query, body_key):
            return known(query, body_key, url_key, label)
        version = parse_qs(urlsplit(url).query).get("versionId", [None])[0]
        data = emulator.s3._get_object_data(*parts, version)  # noqa: SLF001
        if data is None or len(data) > 1_000_000:  # noqa: PLR2004
            bucket, key = parts
            return known({url_key: [f"https://s3.amazonaws.com/{bucket}/{key}"]}, body_key, url_key, label)
        return data.decode(), None

    replace(emulator.stack_helpers, "_resolve_document", resolve)


def _bucket_and_key(url: str) -> Iterator[tuple[str, str]]:
    found = urlsplit(url)
    path = unquote(found.path.lstrip("/"))
    if _PATH_HOST.fullmatch(found.netloc):
        bucket, _, key = path.partition("/")
        yield bucket, key
    elif host := _VIRTUAL_HOST.fullmatch(found.netloc):
        yield host["bucket"], path


def _one(query: Query, name: str) -> str:
    value = query.get(name, "")
    return str(value[0] if isinstance(value, list) and value else value or "")
