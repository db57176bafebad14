"""DAG folder and plugins as they were at the base, of real git checkouts."""

from functools import partial

import pytest

from mwaa_deploy.errors import RepositoryUnreadable
from mwaa_deploy.ports import ChangedFile
from mwaa_deploy.source.base_files import find_base_source
from mwaa_deploy.source.changes import Base, classify
from mwaa_deploy.source.project import Project
from mwaa_deploy.source.repository import GitRepository
from tests.fixtures.git import Remote, git


@pytest.fixture
def remote(tmp_path):
    return Remote(tmp_path / "remote")


def checkout(remote, tmp_path):
    return remote.checkout(tmp_path / "checkout")


def project_of(root):
    found = {"plugins": root / "plugins", "requirements": root / "requirements.txt"}
    there = {name: path for name, path in found.items() if path.exists()}
    return Project(repository=root, root=root, dags=root / "dags", **there)


def source_of(root, base):
    with GitRepository(root) as repository:
        assert repository.fetch(base)
        changed = repository.changed_files(base)
    project = project_of(root)
    changes = classify(project, Base(sha=base, reason="the test says so"), "head", changed)
    return find_base_source(project, changes, partial(GitRepository, root))


def files_in(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_both_folders_are_as_they_were_and_the_checkout_stays_as_it_is(remote, tmp_path):
    base = remote.commit({"dags/a.py": "1", "dags/same.py": "1", "dags/old.py": "1", "plugins/p.py": "1", "x.py": "1"})
    remote.commit({"dags/a.py": "2", "dags/old.py": None, "dags/new/new.py": "1", "plugins/p.py": "2", "x.py": "2"})
    root = checkout(remote, tmp_path)
    (root / "dags" / "generated.py").write_text("by a step before")
    before = files_in(root / "dags")
    target = tmp_path / "target"

    written = source_of(root, base).write(target)

    assert files_in(target) == {
        "dags/a.py": "1",
        "dags/same.py": "1",
        "dags/old.py": "1",
        "dags/generated.py": "by a step before",
        "plugins/p.py": "1",
    }
    assert written.notes == ()
    assert (written.project.dags, written.project.plugins) == (target / "dags", target / "plugins")
    assert files_in(root / "dags") == before


def test_plugins_that_are_gone_or_new_are_known(remote, tmp_path):
    base = remote.commit({"dags/a.py": "1", "plugins/p.py": "1"})
    new = remote.commit({"plugins/p.py": None})
    gone = checkout(remote, tmp_path)

    written = source_of(gone, base).write(tmp_path / "with")
    assert written.project.plugins == tmp_path / "with" / "plugins"

    remote.commit({"plugins/q.py": "1"})
    again = remote.checkout(tmp_path / "again")
    assert source_of(again, new).write(tmp_path / "without").project.plugins is None


def test_links_of_the_base_are_left_out_and_those_that_stayed_are_kept_if_they_lead_nowhere_else(remote, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "credentials").write_text("hunter2")
    remote.commit({"dags/a.py": "1", "dags/gone.py": "1", "dags/deep/er/still/b.py": "1"})
    work = remote.checkout(tmp_path / "work", depth=0)
    dags = work / "dags"
    (dags / "kept.py").symlink_to("a.py")
    (dags / "removed.py").symlink_to("a.py")
    (dags / "out.py").symlink_to("../../../../../../../../etc/passwd")
    (dags / "round").symlink_to("round")
    (dags / "short").symlink_to("deep/er/still")
    up = "/".join([".."] * 6)
    (dags / "plugins").symlink_to(f"short/{up}{secret}")
    git(work, "add", "-A")
    git(work, "commit", "--quiet", "-m", "Links")
    base = git(work, "rev-parse", "HEAD")
    git(work, "rm", "--quiet", "dags/removed.py", "dags/gone.py", "dags/plugins", "dags/round")
    git(work, "commit", "--quiet", "-m", "Fewer links")
    target = tmp_path / "target"

    written = source_of(work, base).write(target)

    there = target.resolve() / "dags"
    assert sorted(path.name for path in there.iterdir()) == ["a.py", "deep", "gone.py", "kept.py", "short"]
    assert (there / "kept.py").readlink().as_posix() == "a.py"
    assert set(written.notes) == {
        f"dags/{name} is left out: at the base it was a link." for name in ("removed.py", "plugins", "round")
    }


def test_a_link_that_leads_out_only_at_the_base_is_removed(remote, tmp_path):
    """Beside it the base has a folder where there is a link to a deeper one now."""
    base = remote.commit({"dags/x/f/c.py": "1", "dags/one/two/three/four/d.py": "1"})
    work = remote.checkout(tmp_path / "work", depth=0)
    git(work, "rm", "--quiet", "dags/x/f/c.py")
    (work / "dags" / "x").mkdir(exist_ok=True)
    (work / "dags" / "x" / "f").symlink_to("../one/two/three/four")
    (work / "dags" / "a").symlink_to("x/f/../../../..")
    git(work, "add", "-A")
    git(work, "commit", "--quiet", "-m", "A link to a folder")
    target = tmp_path / "target"
    assert (work / "dags" / "a").resolve() == (work / "dags").resolve()

    source_of(work, base).write(target)

    assert not (target / "dags" / "a").is_symlink()
    assert (target / "dags" / "x" / "f" / "c.py").is_file()


def test_a_folder_may_have_been_a_link_and_nothing_is_written_through_it(remote, tmp_path):
    base = remote.commit({"dags/a.py": "1", "dags/sub/more/b.py": "1"})
    remote.commit({"dags/sub/more/b.py": None})
    root = checkout(remote, tmp_path)
    victim = tmp_path / "victim"
    victim.mkdir()
    (root / "dags" / "sub").symlink_to(victim)
    target = tmp_path / "target"

    written = source_of(root, base).write(target)

    assert list(victim.iterdir()) == []
    assert written.notes == (
        "dags/sub/more/b.py is left out: where it was there is a link now that leads out of the project's folders.",
    )


def test_a_changed_submodule_is_told(remote, tmp_path):
    remote.commit({"dags/a.py": "1"})
    work = remote.checkout(tmp_path / "work", depth=0)
    for sha in ("1" * 40, "2" * 40):
        git(work, "update-index", "--add", "--cacheinfo", f"160000,{sha},dags/sub")
        git(work, "commit", "--quiet", "-m", "Submodule")
    base = git(work, "rev-parse", "HEAD~1")
    (work / "dags" / "sub").mkdir()
    (work / "dags" / "sub" / "m.py").write_text("now")

    written = source_of(work, base).write(tmp_path / "target")

    assert written.notes == ("The submodule dags/sub has changed; the comparison has its files as they are now.",)
    assert (tmp_path / "target" / "dags" / "sub" / "m.py").read_text() == "now"


def test_the_requirements_of_the_base_are_read_where_they_have_changed(remote, tmp_path):
    base = remote.commit({"dags/a.py": "1", "requirements.txt": "pandas==1.0\n"})
    same = remote.commit({"requirements.txt": "pandas==2.0\n"})
    remote.commit({"dags/a.py": "2"})
    root = checkout(remote, tmp_path)

    assert source_of(root, base).read_requirements() == b"pandas==1.0\n"
    assert source_of(root, same).read_requirements() is None


def test_nothing_is_asked_for_where_nothing_of_it_has_changed(remote, tmp_path):
    base = remote.commit({"dags/a.py": "1", "README.md": "1"})
    remote.commit({"README.md": "2"})
    root = checkout(remote, tmp_path)

    assert source_of(root, base) is None
    nothing = classify(
        project_of(root), Base(sha=None, reason="none"), "head", [ChangedFile(path="dags/a.py", status="M")]
    )
    assert find_base_source(project_of(root), nothing, partial(GitRepository, root)) is None


def test_a_base_that_is_gone_is_unreadable(remote, tmp_path):
    remote.commit({"dags/a.py": "1"})
    root = checkout(remote, tmp_path)
    changes = classify(
        project_of(root), Base(sha="0" * 40, reason="x"), "head", [ChangedFile(path="dags/a.py", status="M")]
    )
    source = find_base_source(project_of(root), changes, partial(GitRepository, root))

    assert source is not None
    with pytest.raises(RepositoryUnreadable):
        source.write(tmp_path / "target")
