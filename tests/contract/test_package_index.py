"""What every package index holds to: the fake, and the real one against a server that speaks PEP 503."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mwaa_deploy.checks.index_settings import IndexSettings, settle
from mwaa_deploy.checks.package_index import PackageIndex, SimpleIndexes
from tests.fakes.package_index import FakePackageIndex

KNOWN = ("six", "apache-airflow-providers-http")
SLOW = "slow"


class _Simple(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.split("/")[-2]
        if name == SLOW:
            self.server.awake.wait(10)  # type: ignore[attr-defined]
        status = {"busy": 503, "secret": 401}.get(name, 200 if name in KNOWN else 404)
        body = b'{"files": []}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Simple) as server:
        server.awake = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.awake.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


@pytest.fixture(params=["fake", "real"])
def index(request, address) -> PackageIndex:
    return FakePackageIndex(KNOWN) if request.param == "fake" else SimpleIndexes(IndexSettings(urls=(address,)))


def test_only_names_that_are_not_there_are_unknown(index):
    assert index.unknown([*KNOWN, "no-such-package", "nor-this"]) == {"no-such-package", "nor-this"}


def test_nothing_asked_is_nothing_unknown(index):
    assert index.unknown([]) == frozenset()


@pytest.mark.parametrize("real", [False, True])
def test_an_index_that_says_nothing_makes_no_name_unknown(real):
    dead = SimpleIndexes(IndexSettings(urls=("http://127.0.0.1:9/simple",)))
    silent: PackageIndex = dead if real else FakePackageIndex(silent=True)

    assert silent.unknown(["no-such-package"]) == frozenset()


@pytest.mark.parametrize("name", ["busy", "secret"])
def test_an_answer_other_than_404_says_nothing(address, name):
    assert SimpleIndexes(IndexSettings(urls=(address,))).unknown([name]) == frozenset()


def test_a_slow_answer_costs_no_more_than_the_budget_and_the_others_count(address):
    started = time.monotonic()

    unknown = SimpleIndexes(IndexSettings(urls=(address,)), budget=0.5).unknown([SLOW, "no-such-package"])

    assert unknown == {"no-such-package"}
    assert time.monotonic() - started < 2


def test_a_name_that_another_index_or_folder_has_is_known(address, tmp_path: Path):
    (tmp_path / "Only_Here-1.0-py3-none-any.whl").touch()
    (tmp_path / "simple" / "in-files").mkdir(parents=True)
    found = {
        "index-url": address,
        "extra-index-url": f"file://{tmp_path}/simple",
        "find-links": str(tmp_path),
    }

    assert SimpleIndexes(settle(found)).unknown(["only-here", "in-files", "nowhere"]) == {"nowhere"}


@pytest.mark.parametrize(
    "found", [{"no-index": "1"}, {"find-links": "https://x.example/wheels"}, {"index-url": "ssh://x.example/simple"}]
)
def test_settings_that_only_pip_understands_make_no_name_unknown(found):
    assert SimpleIndexes(settle(found)).unknown(["no-such-package"]) == frozenset()
