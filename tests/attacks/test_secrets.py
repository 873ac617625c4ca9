"""No secret is told, whatever goes wrong and whoever repeats it: the real program, many failures.

Each run is searched whole: log, annotations, summary, outputs, every file that it left in the
workspace, its home and the folder of temporary files, the list of processes, and what each server
was sent. Secrets are looked for as they are, and as JSON, URLs, Python and base64 write them.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support import galleries, github, leaks, process, scripted, servers, watched
from support.process import Job, Run
from support.scripted import Answer, Request, Script
from support.servers import Server

from galleria_action.inputs import INPUTS

# Letters that JSON, HTML, URLs and Python write in ways of their own.
SECRETS = {
    each.name: f'{each.name.upper()[:6]}/+"\\&<%{each.name[::-1]}=x7Q'
    for each in INPUTS
    if each.secret
}
NUMBER = 7


def test_every_secret_is_meant():
    """The table of inputs says which are secret; those that must be are among them."""
    assert {"s3-secret-key", "s3-session-token", "github-token"} <= SECRETS.keys()


@dataclass
class Scene:
    """A job whose store, and API of GitHub, answer what a test says."""

    job: Job
    folders: tuple[Path, ...]
    store: Script
    api: github.GitHub
    answer: dict[str, Callable[[Request], Answer]]
    expected: list[Path] = field(default_factory=list)

    def run(self, **inputs: str) -> Run:
        return self.searched(self.job.run(**inputs))

    def searched(self, run: Run) -> Run:
        """The run, which has told no secret."""
        secrets = SECRETS.values()
        assert leaks.found(secrets, run.visible.encode()) == [], run.visible
        for path, content in leaks.files(*self.folders):
            if path not in self.expected:
                assert leaks.found(secrets, content) == [], path
        for request in self.store.requests:
            self._check_request(request)
        for asked in self.api.requests:
            assert leaks.found(secrets, json.dumps(asked.document).encode()) == []
        return run

    def _check_request(self, request: Request) -> None:
        """The store gets the token of the session, and of the keys the name alone."""
        told = {"s3-session-token": ["x-amz-security-token"], "s3-access-key": ["authorization"]}
        for name, secret in SECRETS.items():
            for header, text in request.headers.items():
                if header.lower() not in told.get(name, []):
                    assert leaks.found([secret], text.encode()) == [], (name, header)
            assert leaks.found([secret], request.target.encode() + request.body) == [], name


@pytest.fixture
def scene(tmp_path) -> Iterator[Scene]:
    """A store that knows nothing yet, and a pull request to comment on."""
    gallery = galleries.make(tmp_path / "workspace", ["a"])
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    answer = {"store": lambda _: scripted.fault(404, "NoSuchKey")}

    def answered(request: Request) -> Answer:
        return answer["store"](request)  # as the test has it by then

    with (
        scripted.scripted(answered) as store,
        github.github() as api,
    ):
        api.add_pull(NUMBER)
        server = Server(
            "scripted", store.address, SECRETS.get("s3-access-key", "AK7"), SECRETS["s3-secret-key"]
        )
        with process.job(gallery.root, tmp_path / "runner", server, "bucket") as job:
            job.inputs |= SECRETS
            job.environ |= {
                "GITHUB_API_URL": api.url,
                "GITHUB_EVENT_NAME": "pull_request",
                "GITHUB_SHA": "c" * 40,
                "TMPDIR": str(temporary),
            }
            event(tmp_path, job, api)
            folders = (gallery.root, tmp_path / "runner", temporary)
            yield Scene(job, folders, store, api, answer)
            for request in store.requests:
                assert SECRETS["github-token"] not in str(request.headers)


def event(tmp_path: Path, job: Job, api: github.GitHub) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(api.event(NUMBER)))
    job.environ["GITHUB_EVENT_PATH"] = str(path)


def empty(request: Request) -> Answer:
    """What an empty bucket says."""
    if "list-type" in request.target:
        body = b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"
        return Answer(body=body)
    if request.method == "PUT":
        return scripted.taken(request)
    return scripted.fault(404, "NoSuchKey")


ECHO = leaks.echo(SECRETS.values())


def repeated(request: Request, status: int) -> Answer:
    """An error with everything in it that came, and everything that a mean store can know."""
    came = f"{dict(request.headers)} {ECHO}".replace("&", "&amp;").replace("<", "&lt;")
    body = f"<Error><Code>{came}</Code><Message>{came}</Message><Resource>{came}</Resource></Error>"
    line = ECHO.replace("\n", " ")
    return Answer(status, {"x-amz-request-id": line, "ETag": line, "Server": line}, body.encode())


@pytest.mark.parametrize("status", [200, 400, 403, 404, 409, 412, 500])
def test_answers_that_repeat_secrets(scene, status):
    """An error document may quote the request, its Authorization and more."""
    scene.answer["store"] = lambda request: repeated(request, status)
    assert scene.run().status == 1
    assert scene.store.requests


def test_uploads_that_are_refused_with_secrets(scene):
    """The same for what fails when the plan has been shown."""
    scene.answer["store"] = lambda request: (
        repeated(request, 403) if request.method == "PUT" else empty(request)
    )
    assert scene.run().outputs["failure-reason"] in ("credentials", "upload")


def test_redirects(scene):
    """Neither keys nor tokens go to where a store or the API points."""
    with scripted.scripted(lambda _: Answer()) as other:
        told = {"Location": f"{other.address}/x", "x-amz-bucket-region": "elsewhere"}
        scene.answer["store"] = lambda _: Answer(
            307, told, b"<Error><Code>TemporaryRedirect</Code></Error>"
        )
        assert scene.run().status == 1
        scene.answer["store"] = empty
        scene.api.hook = lambda _: github.Answer(307, {}, {"Location": f"{other.address}/x"})
        assert scene.run(dry_run="true").status == 0
        assert scene.api.requests
        assert other.requests == []


API = {
    "refused": lambda: github.Answer(403, {"message": ECHO}, {"X-GitHub-Request-Id": "1"}),
    "unknown": lambda: github.Answer(401, {"message": ECHO, "errors": [ECHO]}),
    "broken": lambda: github.Answer(500, {"message": ECHO}),
    "nonsense": lambda: github.Answer(200, [ECHO]),
    "a limit": lambda: github.Answer(429, {"message": ECHO}, {"Retry-After": "900"}),
    "too much": lambda: github.Answer(200, {"state": ECHO, "number": ECHO, "url": ECHO}),
}


@pytest.mark.parametrize("answer", API.values(), ids=API)
def test_the_api_repeats_secrets(scene, answer):
    """What GitHub says goes into the log as words, without what it should not know."""
    scene.answer["store"] = empty
    scene.api.hook = lambda _: answer()
    ran = scene.run(dry_run="true")
    assert ran.status == 0
    assert {each.token for each in scene.api.requests} == {SECRETS["github-token"]}


def test_a_comment_has_no_secrets(scene):
    """Names that are secrets are not posted: they are files somebody should not have made."""
    scene.answer["store"] = empty
    scene.api.hook = lambda request: None
    github.LOGINS[SECRETS["github-token"]] = github.JOB_LOGIN
    try:
        assert scene.run(dry_run="true").status == 0
    finally:
        del github.LOGINS[SECRETS["github-token"]]
    (body,) = scene.api.bodies(NUMBER)
    assert leaks.found(SECRETS.values(), body.encode()) == []


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_no_connection(scene, scheme):
    """TLS that is none, and a port where nobody listens."""
    port = scene.store.address.rpartition(":")[2] if scheme == "https" else servers.free_port()
    ran = scene.run(s3_endpoint=f"{scheme}://127.0.0.1:{port}")
    assert ran.outputs["failure-reason"] == "network"


INSTEAD = ("s3-endpoint", "s3-bucket", "s3-region", "public-url", "max-deletes", "comment", "dry-run",
           "photos-prefix", "cache-control", "shard", "metadata-file", "photos-dir", "report-dir",
           "settings-file", "concurrency", "expected-plan")  # fmt: skip


@pytest.mark.parametrize("name", INSTEAD)
@pytest.mark.parametrize(
    "around", ["{}", "https://user:{}@s3.example.org", "\0{}".replace("\0", "../")]
)
def test_secrets_in_the_wrong_place(scene, name, around):
    """Pasted into another input, also inside of a URL, a secret is still one."""
    scene.answer["store"] = lambda request: repeated(request, 400)
    text = around.format(SECRETS["s3-secret-key"])
    ran = scene.job.run(**{name: text})
    secrets = [*SECRETS.values()]
    assert leaks.found(secrets, ran.visible.encode()) == []
    reports = list(scene.folders[0].rglob("plan.md"))
    assert all(leaks.found(secrets, each.read_bytes()) == [] for each in reports)


SETTINGS = {
    "no Python": "S3_PUBLIC_SECRET_KEY = '{}' oops\n",
    "no literal": "S3_PUBLIC_SECRET_KEY = get('{}')\n",
    "an odd text": "S3_PUBLIC_SECRET_KEY = ['{}', 1]\nDRY_RUN = '{}'\n",
    "a wrong place": "S3_PUBLIC_ENDPOINT = 'https://{}@x'\nS3_PUBLIC_SECRET_KEY = '{}'\n",
    "cut off": "S3_PUBLIC_SECRET_KEY = '{}",
}


@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS)
def test_settings_files(scene, text):
    """A settings file that is no good is told of by its lines, never by what they say."""
    path = scene.folders[0] / "settings.local.py"
    escaped = SECRETS["s3-secret-key"].replace("\\", "\\\\")
    path.write_text(text.replace("{}", escaped))
    scene.expected.append(path)
    scene.job.inputs = {"s3-bucket": "bucket", "s3-access-key": "AK7"}
    assert scene.run().status == 1


def test_a_defect(scene):
    """The traceback of a fault of ours is shown, without the secrets that are in its words."""
    scene.job.program = Path(watched.__file__)
    scene.answer["store"] = empty
    scene.job.environ["CRASH_WITH"] = f"{[*SECRETS.values()]} {ECHO}"
    ran = scene.run()
    assert ran.outputs["failure-reason"] == "internal"
    assert "Traceback" in ran.stdout
    assert "RuntimeError" in ran.stdout


def test_cancelled(scene):
    """Neither while it runs, in the list of processes, nor when it is stopped."""
    came, may_go = threading.Event(), threading.Event()

    def stall(request: Request) -> Answer:
        if request.method == "PUT":
            came.set()
            may_go.wait(30)
        return empty(request)

    scene.answer["store"] = stall
    step = scene.job.start()
    try:
        assert came.wait(60)
        for command in _commands(step.process.pid):
            assert leaks.found(SECRETS.values(), command) == []
        os.kill(step.process.pid, signal.SIGTERM)
        ran = step.finish()
    finally:
        may_go.set()
    assert ran.outputs["failure-reason"] == "cancelled"
    scene.searched(ran)


def _commands(pid: int) -> list[bytes]:
    """Command lines of a process and of those that it started."""
    found = [Path(f"/proc/{pid}/cmdline").read_bytes()]
    for task in Path(f"/proc/{pid}/task").iterdir():
        children = (task / "children").read_text().split()
        found += [each for child in children for each in _commands(int(child))]
    return found


@pytest.mark.parametrize("given", [["--s3-secretkey={}"], ["--s3-secretkey", "{}"], ["{}"]])
@pytest.mark.parametrize("command", [[], ["index"]])
def test_options_that_are_wrong(tmp_path, given, command):
    """A mistyped option is named, and what stands behind it is not repeated."""
    arguments = [each.format(SECRETS["s3-secret-key"]) for each in given]
    ended = subprocess.run(
        [sys.executable, "-m", "galleria_action", *command, *arguments],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(process.ENTRYPOINT).parent)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert leaks.found(SECRETS.values(), ended.stdout + ended.stderr) == []


def test_the_search_finds_what_it_should():
    """Each way of writing a secret is found: else the tests above could not fail."""
    secret = SECRETS["s3-secret-key"]
    for text in (
        secret,
        json.dumps({"a": secret}),
        repr(secret),
        base64.b64encode(f"user:{secret}".encode()).decode(),
        base64.b64encode(f"ab{secret}z".encode()).decode(),
    ):
        assert leaks.found([secret], text.encode()), text
    assert leaks.found([secret], b"nothing of it") == []
