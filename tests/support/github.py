"""An HTTP server that plays the parts of GitHub's REST API which the program uses.

It has one repository. Answers have the members, paging and errors that GitHub's documentation
shows (REST API, version 2022-11-28); requests are recorded, and a hook may answer instead.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from support import listening
from support.servers import HOST

REPOSITORY = "someone/gallery"
JOB_TOKEN = "ghs_jobtokenjobtokenjobtokenjobtoken"
APP_TOKEN = "ghs_apptokenapptokenapptokenapptoken"
USER_TOKEN = "github_pat_usertokenusertokenusertoken"
JOB_LOGIN, APP_LOGIN, USER_LOGIN = "github-actions[bot]", "our-gallery[bot]", "octocat"
LOGINS = {JOB_TOKEN: JOB_LOGIN, APP_TOKEN: APP_LOGIN, USER_TOKEN: USER_LOGIN}
MOST_CHARACTERS = 65_536
TIME = "2024-11-22T10:00:00Z"


class Request(NamedTuple):
    """One request; ``path`` without the API's prefix and the query."""

    method: str
    path: str
    token: str
    document: Any


class Answer(NamedTuple):
    """One answer; ``document`` is sent as JSON."""

    status: int
    document: Any
    headers: Mapping[str, str] = MappingProxyType({})


class Lost(Exception):
    """Raised by a hook: the connection breaks instead of an answer."""


FORBIDDEN = Answer(403, {"message": "Resource not accessible by integration", "status": "403"})
NOT_FOUND = Answer(404, {"message": "Not Found", "status": "404"})
INVALID = Answer(
    422,
    {"message": "Validation Failed", "errors": [{"resource": "IssueComment", "field": "body"}]},
)
BAD_TOKEN = Answer(401, {"message": "Bad credentials", "status": "401"})
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)
PRIMARY = "API rate limit exceeded for installation ID 1."
RATE_LIMITS = {
    "secondary": Answer(403, {"message": SECONDARY}),
    "secondary-429": Answer(429, {"message": SECONDARY}),
    "secondary-with-pause": Answer(403, {"message": SECONDARY}, {"Retry-After": "900"}),
    "secondary-429-with-pause": Answer(429, {"message": SECONDARY}, {"Retry-After": "900"}),
    "primary": Answer(
        403,
        {"message": PRIMARY},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "1000", "X-RateLimit-Reset": "4102444800"},
    ),
}  # fmt: skip


@dataclass
class GitHub:
    """The repository's state, and everything that was asked."""

    url: str = ""
    """What ``GITHUB_API_URL`` says."""
    graphql: bool = True
    most: int = 100
    """Items of a page at most, whatever is asked for."""
    link_host: str = ""
    """Links to further pages lead here instead, and so do redirects of ``moved``."""
    hook: Callable[[Request], Answer | None] = lambda _: None
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    commits: dict[str, list[int]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 1000

    def add_pull(self, number: int, *, fork: bool = False, state: str = "open") -> None:
        head = "stranger/gallery" if fork else REPOSITORY
        api = f"{self.url}/repos/{REPOSITORY}"
        self.pulls[number] = {
            "url": f"{api}/pulls/{number}",
            "issue_url": f"{api}/issues/{number}",
            "number": number,
            "state": state,
            "merged_at": None,
            "merge_commit_sha": "e" * 40,
            "head": {"ref": "new-photos", "repo": {"full_name": head, "url": f"{self.url}/repos/{head}"}},
            "base": {"ref": "main", "repo": {"full_name": REPOSITORY, "url": api}},
        }  # fmt: skip
        self.comments.setdefault(number, [])

    def merge(self, number: int, sha: str, *, associated: bool = True) -> None:
        """Merge a pull request with the commit ``sha``."""
        self.pulls[number] |= {"state": "closed", "merged_at": TIME, "merge_commit_sha": sha}
        if associated:
            self.commits.setdefault(sha, []).append(number)

    def write(self, number: int, login: str | None, body: str) -> dict[str, Any]:
        """A comment; the account of one without ``login`` is gone."""
        self._number += 1
        kind = "Bot" if (login or "").endswith("[bot]") else "User"
        made = {
            "id": self._number,
            "url": f"{self.url}/repos/{REPOSITORY}/issues/comments/{self._number}",
            "body": body,
            "user": login and {"login": login, "type": kind, "url": f"{self.url}/users/{login}"},
            "created_at": TIME,
            "updated_at": TIME,
        }
        self.comments[number].append(made)
        return made

    def bodies(self, number: int, login: str = JOB_LOGIN) -> list[str]:
        """The comments that ``login`` has written."""
        return [
            each["body"]
            for each in self.comments[number]
            if each["user"] and each["user"]["login"] == login
        ]

    def methods(self) -> list[str]:
        """The methods of all requests that write comments."""
        return [
            each.method
            for each in self.requests
            if each.method != "GET" and not each.path.endswith("graphql")
        ]

    def event(self, number: int, **changes: Any) -> dict[str, Any]:
        """The payload of a pull request's event."""
        pull = self.pulls[number]
        return {"action": "synchronize", "number": number, "pull_request": {**pull, **changes}}


@contextmanager
def github(prefix: str = "") -> Iterator[GitHub]:
    """A server that plays GitHub; ``prefix`` is where GitHub Enterprise has its API."""
    listener = ThreadingHTTPServer((HOST, 0), _Handler)
    listener.daemon_threads = True
    made = GitHub(f"http://{HOST}:{listener.server_port}{prefix}")
    listener.state, listener.prefix = made, prefix
    with listening.serving(listener):
        yield made


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        state: GitHub = self.server.state
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(length)
        token = self.headers.get("Authorization", "").removeprefix("token ").removeprefix("Bearer ")
        path = url.path.removeprefix(self.server.prefix)
        request = Request(self.command, path, token, json.loads(data) if data else None)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        with state.lock:
            state.requests.append(request)
            try:
                answer = state.hook(request) or _answer(state, request, query)
            except Lost:
                self.close_connection = True
                return
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        body = json.dumps(answer.document).encode()
        self.send_response_only(answer.status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = _serve  # noqa: N815


def _answer(state: GitHub, request: Request, query: dict[str, str]) -> Answer:
    if request.token not in LOGINS:
        return BAD_TOKEN
    if request.path == "/user":
        user = {"login": USER_LOGIN, "type": "User", "url": f"{state.url}/user"}
        return Answer(200, user) if request.token == USER_TOKEN else FORBIDDEN
    if request.path.endswith("/graphql"):
        viewer = {"data": {"viewer": {"login": LOGINS[request.token]}}}
        return Answer(200, viewer) if state.graphql else NOT_FOUND
    for (method, pattern), answer in _ROUTES.items():
        found = re.fullmatch(f"/repos/{REPOSITORY}{pattern}", request.path)
        if found and method == request.method:
            return answer(state, request, query, found[1])
    return NOT_FOUND


def _pull(state: GitHub, _: Request, __: dict[str, str], number: str) -> Answer:
    pull = state.pulls.get(int(number))
    return Answer(200, pull) if pull else NOT_FOUND


def _list(state: GitHub, request: Request, query: dict[str, str], number: str) -> Answer:
    if int(number) not in state.pulls:
        return NOT_FOUND
    return _page(state, request, query, state.comments[int(number)])


def _merged(state: GitHub, request: Request, query: dict[str, str], sha: str) -> Answer:
    return _page(state, request, query, [state.pulls[each] for each in state.commits.get(sha, [])])


def _create(state: GitHub, request: Request, _: dict[str, str], number: str) -> Answer:
    if len(request.document["body"]) > MOST_CHARACTERS:
        return INVALID
    return Answer(201, state.write(int(number), LOGINS[request.token], request.document["body"]))


def _edit(state: GitHub, request: Request, _: dict[str, str], number: str) -> Answer:
    """Whoever may write comments may edit everybody's; the author stays."""
    if len(request.document["body"]) > MOST_CHARACTERS:
        return INVALID
    for each in (one for comments in state.comments.values() for one in comments):
        if each["id"] == int(number):
            each["body"] = request.document["body"]
            return Answer(200, each)
    return NOT_FOUND


def _page(state: GitHub, request: Request, query: dict[str, str], items: list[Any]) -> Answer:
    size = min(int(query.get("per_page", 30)), state.most)
    page = int(query.get("page", 1))
    last = max(1, -(-len(items) // size))
    address = f"{state.link_host or state.url}{request.path}?per_page={size}&page="
    links = []
    if page < last:
        links += [f'<{address}{page + 1}>; rel="next"', f'<{address}{last}>; rel="last"']
    if page > 1:
        links += [f'<{address}{page - 1}>; rel="prev"', f'<{address}1>; rel="first"']
    headers = {"Link": ", ".join(links)} if links else {}
    return Answer(200, items[(page - 1) * size : page * size], headers)


_ROUTES: dict[tuple[str, str], Callable[..., Answer]] = {
    ("GET", r"/pulls/(\d+)"): _pull,
    ("GET", r"/issues/(\d+)/comments"): _list,
    ("POST", r"/issues/(\d+)/comments"): _create,
    ("PATCH", r"/issues/comments/(\d+)"): _edit,
    ("GET", r"/commits/(\w+)/pulls"): _merged,
}
