"""What ended the run, as people read it."""

from mwaa_deploy.errors import StackUpdateFailed
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.report.error_markdown import error_section, mend_markdown


def test_sentences_of_an_advice_are_read_and_the_rest_is_pasted():
    text = "Run the job again.\nTo wait for longer:\n    with:\n      stack-timeout-minutes: 360\nOr do nothing."
    assert mend_markdown(text) == (
        "Run the job again.\n\nTo wait for longer:\n\n"
        "```text\nwith:\n  stack-timeout-minutes: 360\n```\n\nOr do nothing."
    )


def test_commands_yaml_and_json_are_no_sentences():
    for line in (
        "aws mwaa get-environment --name x",
        "Resources:",
        "Type: AWS::EC2::SecurityGroupIngress",
        '{"Effect": "Allow", "Action": "s3:GetObject."}',
        "https://example.com/a.",
    ):
        assert mend_markdown(line) == f"```text\n{line}\n```"


def test_what_it_says_is_read_without_scrolling_sideways():
    error = StackUpdateFailed("Stack x ended as ROLLBACK.\nFirst cause: " + "a long reason " * 30)
    text = error_section(Journal(mode=Mode.DEPLOY, error=error))
    assert "```" not in text
    assert text.endswith("Nothing at the target has been changed.")


def test_a_fault_of_ours_is_shown_as_it_is():
    text = error_section(Journal(error=KeyError("x")))
    assert text == "```text\nKeyError: 'x'\n```\n\nThe log has what a bug report needs."
