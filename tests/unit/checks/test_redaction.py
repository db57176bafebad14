"""What requirement lines hold in confidence."""

import pytest

from mwaa_deploy.checks.redaction import hide, variables


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:secret@x.example/c.txt", "https://x.example/c.txt"),
        ("a @ https://me:se@cret@x.example/a.whl", "a @ https://x.example/a.whl"),
        ("git+https://token@github.com/o/r@main#egg=r", "git+https://github.com/o/r@main#egg=r"),
        ("--index-url=https://${USER}:${TOKEN}@x.example/simple", "--index-url=https://x.example/simple"),
        ("https://x.example/a.whl?X-Amz-Signature=secret#sha256=1", "https://x.example/a.whl?***#sha256=1"),
        ("'https://a:secret@x' and \"http://b:secret@y/?k=secret\"", "'https://x' and \"http://y/?***\""),
        ("what? requests==2 at me@x.example", "what? requests==2 at me@x.example"),
    ],
)
def test_user_names_passwords_and_queries_are_not_shown(text, shown):
    assert hide(text) == shown


def test_variables_are_found_in_the_form_that_pip_knows():
    assert variables("https://${USER_1}:${TOKEN}@x ${lower} $PLAIN") == {"USER_1", "TOKEN"}
