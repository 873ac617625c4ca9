"""How far the program reaches: which files it opens, what it starts, where it connects to, what it writes."""

from __future__ import annotations

import ast
import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from support import galleries, process, servers, watched

import galleria_action

PACKAGE = Path(galleria_action.__file__).parent
FORBIDDEN_MODULES = {
    "subprocess", "pty", "code", "codeop", "runpy", "shutil", "marshal", "shelve", "dbm",
    "multiprocessing", "xmlrpc", "ftplib", "telnetlib", "smtplib", "webbrowser",
}  # fmt: skip
FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
FORBIDDEN_OF_OS = ("system", "popen", "exec", "spawn", "posix_spawn", "startfile", "putenv")


def sources() -> list[tuple[str, ast.Module]]:
    paths = [*sorted(PACKAGE.rglob("*.py")), PACKAGE.parent / "entrypoint.py"]
    return [(path.name, ast.parse(path.read_text())) for path in paths]


def test_nothing_is_executed():
    """No code that runs other code: neither Python from texts, nor a shell, nor a program."""
    found = []
    for name, tree in sources():
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=aliases):
                    used = [alias.name for alias in aliases]
                case ast.ImportFrom(module=str(module)):
                    used = [module, *(f"{module}.{alias.name}" for alias in node.names)]
                case ast.Call(func=ast.Name(id=called)) if called in FORBIDDEN_NAMES:
                    used = [f"{called}()"]
                case ast.Attribute(value=ast.Name(id="os"), attr=attribute) if attribute.startswith(
                    FORBIDDEN_OF_OS
                ):
                    used = [f"os.{attribute}"]
                case _:
                    continue
            bad = {
                each
                for each in used
                if each.split(".")[0] in FORBIDDEN_MODULES
                or each.endswith("()")
                or (each.startswith("os.") and each.removeprefix("os.").startswith(FORBIDDEN_OF_OS))
            }
            found += [f"{name}: {each}" for each in bad]
    assert found == []


def test_what_is_unpickled_is_our_own():
    """Pickles run code when they are read: only those of a fork of this process are."""
    users = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) and any(alias.name == "pickle" for alias in node.names)
    }
    assert users == {"forks.py"}


def events(path: Path) -> list[list[Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def outside(tmp_path) -> Path:
    """What nobody may read, beside the workspace."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.jpg").write_bytes(galleries.jpeg("secret"))
    return folder


@pytest.fixture
def watching(tmp_path, outside, moto):
    """A job with a gallery, run by the recorder; its bucket has objects of others."""
    gallery = galleries.make(tmp_path / "workspace")
    bucket = servers.make_bucket(moto)
    for key in ("other/a.jpg", "photos2/a.jpg", "gallery-metadata.json.bak", ".galleria/other"):
        servers.client(moto).put_object(Bucket=bucket, Key=key, Body=b"others")
    with process.job(gallery.root, tmp_path / "runner", moto, bucket) as job:
        job.program = Path(watched.__file__)
        job.environ["WATCHED_BY"] = str(tmp_path / "events")
        job.environ["TMPDIR"] = str(tmp_path / "temporary")
        (tmp_path / "temporary").mkdir()
        yield gallery, job, moto, bucket


WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
OF_PYTHON = (
    *{sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()},
    str(PACKAGE.parent),
)
# Names and addresses of hosts, certificates, time zones, types: what any program of Python reads.
OF_THE_SYSTEM = (
    "/etc/",
    "/usr/share/",
    "/usr/lib",
    "/lib",
    "/proc/self/",
    "/proc/sys/",
    "/dev/null",
    "/dev/urandom",
    "/sys/fs/cgroup",
    "/proc/cpuinfo",
    "/proc/meminfo",
)


def check_reach(tmp_path: Path, server: servers.Server) -> None:
    seen = events(tmp_path / "events")
    allowed = (*OF_PYTHON, *OF_THE_SYSTEM, str(tmp_path / "workspace"), str(tmp_path / "runner"))
    written = set()
    for event, *arguments in seen:
        if event == "open":
            name, _, flags = arguments
            name = os.path.normpath(name) if isinstance(name, str) else ""
            if flags & WRITING:
                written.add(name)
            elif name.startswith("/"):
                assert name == "/" or name.startswith(allowed), name
        elif event == "socket.connect":
            assert server.endpoint.removeprefix("http://127.0.0.1:") in arguments[1], arguments
        assert not event.startswith(
            ("subprocess.", "os.exec", "os.system", "os.posix_spawn", "os.spawn", "pty.")
        ), event
        assert event not in (
            "os.link",
            "os.symlink",
            "os.rename",
            "os.chmod",
            "os.utime",
            "os.putenv",
        ), event
    # Relative names are those of the report folder, opened without following links.
    written = {
        name for name in written if name and not name.endswith(".pyc") and "__pycache__" not in name
    }
    assert {name for name in written if not name.startswith("/")} <= {
        "plan.json",
        "plan.md",
        "report.html",
    }
    in_place = {name for name in written if name.startswith("/")}
    assert all(name.startswith((str(tmp_path / "runner"), "/dev/null")) for name in in_place), (
        in_place
    )
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not any("outside" in str(each) for each in seen)


def test_a_deployment_reaches_no_further(watching, tmp_path):
    """A run reads the workspace and writes its report, its outputs and its keys: nothing else."""
    gallery, job, server, bucket = watching
    others = {key: each.etag for key, each in servers.listing(server, bucket).items()}
    before = {path: path.stat().st_mtime_ns for path in gallery.root.rglob("*") if path.is_file()}

    assert job.run().status == 0
    gallery.remove("b")
    gallery.add("d")
    gallery.write()
    assert job.run(delete_stale_site="true").status == 0

    check_reach(tmp_path, server)
    listed = {key: each.etag for key, each in servers.listing(server, bucket).items()}
    assert {key: listed.get(key) for key in others} == others
    new = listed.keys() - others.keys()
    ledger_key = ".galleria/gallery-metadata.json.ledger.json.gz"
    assert new == gallery.keys() | set(galleries.SITE) | {"gallery-metadata.json", ledger_key}
    changed = {
        path.relative_to(gallery.root).as_posix().split("/")[0]
        for path in gallery.root.rglob("*")
        if path.is_file() and before.get(path) != path.stat().st_mtime_ns
    }
    assert changed <= {"galleria-report", "prod"}


LINKS = {
    "a photo": "prod/pics/full/a.jpg",
    "a site file": "prod/site/x.jpg",
    "the manifest": "prod/pics/gallery-metadata.json",
    "the settings": "settings.local.py",
    "the report folder": "galleria-report",
    "a folder": "prod/site/pictures",
}


@pytest.mark.parametrize("name", LINKS.values(), ids=LINKS)
def test_links_that_lead_out(watching, tmp_path, outside, name):
    """Whatever is a link out of the workspace, it is refused before anything there is read."""
    gallery, job, server, bucket = watching
    before = servers.listing(server, bucket)
    path = gallery.root / name
    path.unlink(missing_ok=True)
    folder = name in (LINKS["the report folder"], LINKS["a folder"])
    path.symlink_to(outside if folder else outside / "secret.jpg")
    (outside / "secret.jpg").chmod(0o600)

    ran = job.run()

    assert ran.status == 1
    assert ran.outputs["failure-reason"] in ("config", "metadata")
    seen = events(tmp_path / "events")
    opened = [
        arguments for event, *arguments in seen if event in ("open", "os.listdir", "os.scandir")
    ]
    assert not [each for each in opened if str(outside) in str(each[0])]
    assert servers.listing(server, bucket) == before
    assert sorted(each.name for each in outside.iterdir()) == ["secret.jpg"]
