"""The report as one HTML file: what it tells, what nobody can put into it, and how large it becomes at most."""

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from mwaa_deploy.checks.package_changes import PackageChange, PackageChanges
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.report.html_page import MAX_BYTES, report_html
from mwaa_deploy.report.plain_text import one_line
from tests.fixtures.situations import SITUATIONS, situation
from tests.unit.report.differences import usual_difference
from tests.unit.report.huge import huge_journal
from tests.unit.report.journals import hostile_journal
from tests.unit.report.samples import HOSTILE


def words(text):
    return set(text.split())


VOID = {"meta", "input"}
TAGS = VOID | words(
    "html head title style body a header h1 h2 h3 span dl div dt dd nav ul li main section p pre table caption thead "
    "tbody tr th td svg rect b details summary fieldset legend label footer"
)
ATTRIBUTES = words(
    "lang charset http-equiv content name class href id tabindex aria-label aria-labelledby aria-hidden focusable "
    "scope colspan viewbox preserveaspectratio x width height type checked"
)


class Reader(HTMLParser):
    """Reads a page, and notes what a browser would stumble over."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.links, self.ids, self.faults, self.text = set(), set(), [], [], [], []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        self.faults += self._open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "href":
                self.links.append(value)
            if name == "id":
                self.ids.append(value)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"/{tag}")

    def handle_data(self, data):
        if self._open[-1:] != ["style"]:
            self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module", params=[*(s.name for s in SITUATIONS), "hostile", "huge", "empty"])
def page(request):
    journals = {"hostile": hostile_journal, "huge": huge_journal, "empty": lambda: Journal(mode=Mode.CHECK)}
    make = journals.get(request.param) or (lambda: situation(request.param).journal)
    return report_html(make())


def test_it_is_whole_and_made_of_nothing_but_our_own_markup(page):
    read = Reader(page)
    assert read.faults == []
    assert read.tags - TAGS == set()
    assert read.attributes - ATTRIBUTES == set()
    assert len(set(read.ids)) == len(read.ids)


def test_links_lead_to_the_page_itself_or_to_where_we_mean(page):
    read = Reader(page)
    ours = re.compile(r"#[\w-]+|https://github\.com/acme/dags/[\w/.%~#-]+|https://example\.airflow\.eu-west-1\.on\.aws")
    assert [link for link in read.links if not ours.fullmatch(link)] == []
    assert {link[1:] for link in read.links if link.startswith("#")} <= set(read.ids)


def test_a_policy_forbids_whatever_else_might_get_in(page):
    policies = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert len(policies) == 1
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]+={0,2}'; base-uri 'none'; form-action 'none'", policies[0]
    )


def test_it_has_a_size_that_no_run_exceeds(page):
    assert len(page.encode()) <= MAX_BYTES


def test_what_has_no_room_is_counted():
    words = Reader(report_html(huge_journal())).words
    assert "of them failed: the report file has every one." in words
    assert re.search(r"Every changed file .* … and \d+ more; the report file has them", words)


def test_an_address_that_is_none_of_the_web_is_no_link():
    journal = replace(situation("check-dag-import").journal, run_url="javascript:alert(1)//actions/runs/1")
    assert [link for link in Reader(report_html(journal)).links if not link.startswith("#")] == []


def test_findings_of_one_kind_need_no_filter():
    assert "<fieldset" in report_html(situation("check-dag-import").journal)
    assert "<fieldset" not in report_html(situation("check-unit-tests").journal)


def test_it_is_the_same_for_the_same_journal():
    journal = situation("stack-failed").journal
    assert report_html(journal) == report_html(replace(journal))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_read_as_text(text):
    journal = replace(situation("dags-only").journal, notes=[text], target=text)
    read = Reader(report_html(journal))
    assert read.faults == []
    assert one_line(text)[:200] in read.words


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("first-deploy", "Deployed — acme-mwaa-staging"),
        ("first-deploy", "is live and verified in the live Airflow; the environment was created."),
        ("no-change", "Why they ran, or did not: README.md, the only file changed since"),
        ("pull-request", "The deployment is expected to take about 17 to 38 minutes"),
        ("check-dag-import", "Failed: dag-import. All in all: 1 failed, 1 warned, 30 passed."),
        ("check-dag-import", "failed dags/finance/revenue_report.py : ModuleNotFoundError"),
        ("fork", "A pull request from a fork gets no token"),
        ("stack-failed", "MWAA wants two private subnets"),
        ("rolled-back", "What was live before is live again"),
        ("drift", "dags/try_out.py is not from a deployment."),
        ("time-out", "To wait for longer"),
    ],
)
def test_it_tells_what_the_summary_tells(name, told):
    assert told in Reader(report_html(situation(name).journal)).words


def test_it_tells_which_dags_and_packages_differ():
    pandas = PackageChange(name="pandas", shipped="2.1", installed="2.2", asked_before="==2.1", asked_now="==2.2")
    journal = situation("dags-only").journal
    assert journal.checks is not None
    report = replace(
        journal.checks,
        dag_differences=usual_difference(),
        package_changes=PackageChanges(base="b" * 40, packages=(pandas,)),
    )

    read = Reader(report_html(replace(journal, checks=report)))

    assert read.faults == []
    for told in (
        "invoices new dags/invoices.py schedule @daily; owners bob; tasks 3",
        "orders load.check new task — PythonOperator",
        "orders mail removed task EmailOperator —",
        "orders the DAG schedule @daily @hourly",
        "orders load.check waits for — load.store",
        "pandas ==2.1 ==2.2 2.2",
    ):
        assert told in read.words


def test_a_run_without_a_folder_for_files_does_not_import_what_writes_it():
    code = "import sys; import mwaa_deploy.report.publish, mwaa_deploy.pipeline; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
