"""A block that would not work is noticed, whatever it is in: what test_blocks.py says of good ones means something."""

import pytest

from tests.unit.docs.action_steps import span_problems as input_problems
from tests.unit.docs.commands import span_problems
from tests.unit.docs.documents import ROOT, Block, blocks, code_spans
from tests.unit.docs.linters import problems_of

PIN = "0" * 40
STEP = f"- uses: OWNER/mwaa-deploy@{PIN}\n  with:\n"
WHOLE = """\
name: x
on: {event}
permissions: {{}}
jobs:
  x:
    runs-on: ubuntu-latest
    permissions: {{id-token: write, contents: read}}
    timeout-minutes: 9
    steps:
      - uses: {action}
        with: {{{given}}}
"""
OURS = f"OWNER/mwaa-deploy@{PIN}"
TARGET = 'airflow-version: "2.10.3", stack-name: a, template: a.yaml, bucket: my-bucket, aws-region: eu-west-1'
STATEMENT = '{{"Effect": "{effect}", "Action": "{action}", "Resource": "{resource}"}}'
DEPLOY = "aws cloudformation deploy --stack-name x --template-file infra/github-oidc.yaml --parameter-overrides"
ARN = "arn:aws:s3:::bucket/*"

BAD = {
    "an unknown language": ("toml", "a = 1\n", "nothing here can judge 'toml'"),
    "no language": ("", "make demo\n", "nothing here can judge ''"),
    "no YAML": ("yaml", "a: [1\n", "line 2"),
    "a key twice": ("yaml", f"{STEP}    bucket: one-bucket\n    bucket: two-bucket\n", "stands twice"),
    "YAML of no kind": ("yaml", "colour: red\n", "of no kind that is known here"),
    "an unknown input": ("yaml", f"{STEP}    bukket: my-bucket\n", "bukket is no input"),
    "an input's wrong value": ("yaml", f"{STEP}    mode: destroy\n", "mode: 'destroy'"),
    "a wrong value in a fragment": ("yaml", "with:\n  role-to-assume: me\n", "role-to-assume: 'me'"),
    "an unpinned action": ("yaml", "- uses: actions/checkout@v4\n", "not pinned"),
    "an unpinned one of ours": ("yaml", "- uses: OWNER/mwaa-deploy@v1\n", "not pinned"),
    "an input that is missing": (
        "yaml",
        WHOLE.format(event="push", action=OURS, given='airflow-version: "2.10.3"'),
        "bucket: needed to deploy",
    ),
    "inputs that contradict": (
        "yaml",
        WHOLE.format(event="push", action=OURS, given=f"{TARGET}, rollback-to: abcdef12"),
        "rollback-to: given without",
    ),
    "an event there is not": (
        "yaml",
        WHOLE.format(event="pushed", action=OURS, given=TARGET),
        'unknown Webhook event "pushed"',
    ),
    "a checkout that leaves its token behind": (
        "yaml",
        WHOLE.format(event="push", action=f"actions/checkout@{PIN}", given="fetch-depth: 0"),
        "artipacked",
    ),
    "an expression that leads nowhere": (
        "yaml",
        "- run: echo ${{ steps.x.outputs.y }}\n",
        'property "x" is not defined',
    ),
    "a key of no job": (
        "yaml",
        "runs-on: ubuntu-latest\nsteps: [{run: 'true', timeout: 1}]\n",
        'unexpected key "timeout"',
    ),
    "a dangerous workflow": (
        "yaml",
        WHOLE.format(event="pull_request_target", action=OURS, given='airflow-version: "2.10.3", mode: check'),
        "dangerous-triggers",
    ),
    "an unknown setting": ("yaml", "checks: {colour: red}\n", "colour"),
    "a wrong setting": ("yaml", "checks: {network: some}\n", "network"),
    "a wrong target": ("yaml", "targets: {a: {bucket: s3://x}}\n", "bucket"),
    "an unknown hook": (
        "yaml",
        "repos: [{repo: https://github.com/OWNER/mwaa-deploy, rev: v1.0.0, hooks: [{id: x}]}]\n",
        "there is no hook x",
    ),
    "a hook's wrong argument": (
        "yaml",
        "repos: [{repo: https://x/mwaa-deploy, rev: v1.0.0, hooks: [{id: mwaa-deploy-check, args: [--x]}]}]\n",
        "unrecognized arguments: --x",
    ),
    "a dependabot of another version": ("yaml", "version: 1\nupdates: []\n", "version"),
    "no JSON": ("json", "{'a': 1}\n", "no JSON"),
    "a key twice in JSON": ("json", '{"a": 1, "a": 2}\n', "no JSON"),
    "an effect there is not": (
        "json",
        STATEMENT.format(effect="Permit", action="s3:GetObject", resource=ARN),
        "Effect is no Permit",
    ),
    "an action there is not": (
        "json",
        STATEMENT.format(effect="Allow", action="s3:FetchObject", resource=ARN),
        "AWS has no action s3:FetchObject",
    ),
    "a resource that is none": (
        "json",
        "[" + STATEMENT.format(effect="Allow", action="s3:GetObject", resource="my-bucket") + "]",
        "my-bucket is no ARN",
    ),
    "a statement without resource": ("yaml", "Effect: Allow\nAction: s3:GetObject\n", "neither Resource nor Principal"),
    "a policy without version": ("json", '{"Statement": []}\n', "Version is 2012-10-17"),
    "no shell": ("bash", "if true; then\n", "syntax error"),
    "an unquoted variable": ("bash", "rm -r $HOME/x\n", "SC2086"),
    "an option that we do not have": ("bash", "mwaa-deploy check --quick\n", "unrecognized arguments: --quick"),
    "a command that we do not have": ("console", "$ mwaa-deploy chekc\nok\n", "invalid choice: 'chekc'"),
    "a value that we do not take": ("sh", "mwaa-deploy check --runner vm\n", "runner: 'vm'"),
    "a second command": ("bash", "cd x && mwaa-deploy check \\\n  --quick\n", "unrecognized arguments: --quick"),
    "the module's option": ("bash", "python -m mwaa_deploy check --quick\n", "unrecognized arguments: --quick"),
    "a module there is not": ("bash", "python3 -m mwaa_deployed check\n", "there is no module mwaa_deployed"),
    "a target there is not": ("console", "$ make coffee\n", "no target coffee"),
    "a path there is not": ("bash", "cat infra/nowhere.yaml\n", "there is no infra/nowhere.yaml"),
    "an AWS command there is not": ("bash", "aws mwaa make-environment\n", "aws mwaa has no make-environment"),
    "an AWS option there is not": ("bash", "aws mwaa get-environment --nam x\n", "has no --nam"),
    "an AWS service there is not": ("bash", "aws airflow list\n", "aws has no airflow"),
    "a template's parameter there is not": (
        "bash",
        f"{DEPLOY} Repo=a/b\n",
        "has no parameter Repo",
    ),
    "a template's parameter that is needed": (
        "bash",
        f"{DEPLOY} Branch=a\n",
        "needs the parameter Repository",
    ),
    "a workflow there is not": ("bash", "gh workflow run nothing.yml\n", "there is no workflow nothing.yml"),
    "a terminal without a command": ("console", "done\n", "there is no command in it"),
    "no Python": ("python", "def f(:\n", "line 1"),
    "no HCL": ("hcl", 'resource "a" "b" {\n', "left open"),
    "a line of no HCL": ("hcl", "if true:\n", "line 1 is no HCL"),
    "a Dockerfile of the latest": ("dockerfile", "FROM python\n", "DL3006"),
}


def as_block(line, language, text):
    return Block(file=ROOT / "README.md", line=line, language=language, text=text)


@pytest.fixture(scope="module")
def problems(tmp_path_factory):
    given = [as_block(at, language, text) for at, (language, text, _) in enumerate(BAD.values())]
    found = problems_of(given, tmp_path_factory.mktemp("blocks"))
    return {name: found[block.name] for name, block in zip(BAD, given, strict=True)}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_block_is_noticed(problems, name):
    assert BAD[name][2] in "\n".join(problems[name])


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("mwaa-deploy plan --enviroment staging", "unrecognized arguments"),
        ("make coffee", "no target coffee"),
        ("runner: vm", "runner: 'vm'"),
        ("lock-timeout-minutes: long", "lock-timeout-minutes: 'long'"),
    ],
)
def test_a_bad_command_or_input_in_a_text_is_noticed(code, problem):
    assert problem in "\n".join([*span_problems(code), *input_problems(code)])


@pytest.mark.parametrize("code", ["mwaa-deploy", "mwaa-deploy/<stack>/lock.json", "colour: red", "mode: …", "x: y: z"])
def test_what_is_neither_command_nor_input_is_left_alone(code):
    assert [*span_problems(code), *input_problems(code)] == []


def test_blocks_are_found_wherever_they_are():
    text = "a\n```bash\nx\n```\n1. b\n\n   ```yaml\n   c:\n     d: 1\n   ```\n~~~~text\n```\n~~~~\n```sh\nopen"
    found = [(block.line, block.language, block.text) for block in blocks(ROOT / "README.md", text)]
    assert found == [(2, "bash", "x\n"), (7, "yaml", "c:\n  d: 1\n"), (11, "text", "```\n"), (14, "sh", "open\n")]


def test_code_spans_are_found_over_line_ends_and_outside_of_blocks():
    text = "a `b\nc` ``d`e``\n```text\n`no`\n```\n`f`"
    assert list(code_spans(text)) == [(1, "b c"), (2, "d`e"), (6, "f")]
