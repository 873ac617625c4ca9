"""The plan on pull requests: the program as a process talks to a server that plays GitHub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from support import failure, galleries, github, rendered, servers
from support.github import JOB_LOGIN, JOB_TOKEN, REPOSITORY, Answer, GitHub, Lost
from support.process import Job, Run
from support.servers import Server

from galleria_action import comment

NUMBER = 7
SHA = "5" * 40
YAML = "  permissions:\n    contents: read\n    pull-requests: write\n"


@pytest.fixture
def server(moto) -> Server:
    """What the bucket is does not matter here."""
    return moto


@pytest.fixture
def hub() -> Iterator[GitHub]:
    """GitHub, with one open pull request."""
    with github.github() as made:
        made.add_pull(NUMBER)
        yield made


@pytest.fixture
def planning(job, hub) -> Job:
    """A job of that pull request that shows the plan."""
    job.inputs |= {"github-token": JOB_TOKEN, "dry-run": "true"}
    return started_by(job, hub, "pull_request", hub.event(NUMBER))


@pytest.fixture
def deploying(job, hub) -> Job:
    """A job on a push of the commit that merges, which deploys what was reviewed."""
    job.inputs |= {"github-token": JOB_TOKEN, "require-reviewed-plan": "true"}
    return pushed(job, hub)


def started_by(job: Job, hub: GitHub, event: str, payload: dict, sha: str = SHA) -> Job:
    job.files.mkdir(exist_ok=True)
    path = job.files / "event.json"
    path.write_text(json.dumps(payload))
    job.environ |= {
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_API_URL": hub.url,
        "GITHUB_SHA": sha,
    }
    return job


def pushed(job: Job, hub: GitHub) -> Job:
    job.inputs["dry-run"] = "false"
    return started_by(job, hub, "push", {"after": SHA})


def succeeded(run: Run) -> Run:
    assert (run.status, run.outputs["failure-reason"], run.stderr) == (0, "", ""), run.stdout
    return run


def only_warned(run: Run, *words: str) -> str:
    """The run is green and has one warning, without any secret; its text."""
    succeeded(run)
    (warning,) = run.annotations("warning")
    assert warning.message.startswith(f"The plan was not posted on pull request #{NUMBER}: ")
    for each in words:
        assert each in warning.message
    assert f"Warning: {warning.message}" in run.log
    assert JOB_TOKEN not in run.visible
    assert "Traceback" not in run.visible
    return warning.message


class TestPosting:
    """One comment, whatever happens."""

    def test_created_edited_left_alone(self, planning, hub, gallery):
        """Created once, left alone while the plan is the same, then edited in place."""
        first = succeeded(planning.run())
        assert hub.methods() == ["POST"]
        (body,) = hub.bodies(NUMBER)
        assert comment.decode(body).plan_hash == first.outputs["plan-hash"]
        assert "## Deployment plan (dry run): " in body
        assert "**3 photos** to upload" in body
        assert f"Comment on pull request #{NUMBER}: created" in first.log

        assert f"Comment on pull request #{NUMBER}: up to date" in succeeded(planning.run()).log
        assert hub.methods() == ["POST"]

        gallery.add("d")
        gallery.write()
        changed = succeeded(planning.run())
        assert hub.methods() == ["POST", "PATCH"]
        (body,) = hub.bodies(NUMBER)
        assert comment.decode(body).plan_hash == changed.outputs["plan-hash"]
        assert "**4 photos** to upload" in body
        assert {each.token for each in hub.requests} == {JOB_TOKEN}
        assert JOB_TOKEN not in changed.visible
        assert f"::add-mask::{JOB_TOKEN}" in changed.stdout

    def test_newlines_of_a_browser(self, planning, hub):
        """A comment whose newlines came back as a browser writes them says the same."""
        succeeded(planning.run())
        hub.comments[NUMBER][0]["body"] = hub.bodies(NUMBER)[0].replace("\n", "\r\n") + "\r\n"
        succeeded(planning.run())
        assert hub.methods() == ["POST"]

    def test_found_on_page_4(self, planning, hub, gallery):
        """Ours is found behind hundreds of others, and no second one is made."""
        for number in range(330):
            hub.write(NUMBER, f"person-{number}", "Nice pictures!")
        hub.write(NUMBER, None, "From an account that is gone")
        succeeded(planning.run())
        gallery.add("d")
        gallery.write()
        for number in range(30):
            hub.write(NUMBER, f"person-{number}", "More, please")
        succeeded(planning.run())
        assert hub.methods() == ["POST", "PATCH"]
        assert len(hub.bodies(NUMBER)) == 1

    def test_pages_that_are_short(self, planning, hub):
        """The server decides how long a page is; links are followed to the last one."""
        hub.most = 3
        for number in range(10):
            hub.write(NUMBER, "somebody", f"{number}")
        succeeded(planning.run())
        succeeded(planning.run())
        assert hub.methods() == ["POST"]

    @pytest.mark.parametrize("login", ["mallory", "dependabot[bot]", "github-actions", None])
    def test_never_someone_elses(self, planning, hub, login):
        """A comment of another account that carries our very text is not touched."""
        succeeded(planning.run())
        copied = hub.bodies(NUMBER)[0].replace("3 photos", "0 photos")
        hub.comments[NUMBER].clear()
        hub.write(NUMBER, login, copied)
        succeeded(planning.run())
        assert hub.methods() == ["POST", "POST"]
        assert hub.comments[NUMBER][0]["body"] == copied
        assert len(hub.bodies(NUMBER)) == 1

    def test_never_what_only_quotes_us(self, planning, hub):
        """Another workflow's comment under the same account that quotes ours is not touched."""
        succeeded(planning.run())
        quoting = f"A summary of this pull request:\n\n{hub.bodies(NUMBER)[0]}"
        hub.comments[NUMBER].clear()
        hub.write(NUMBER, JOB_LOGIN, quoting)
        succeeded(planning.run())
        assert hub.methods() == ["POST", "POST"]
        assert hub.comments[NUMBER][0]["body"] == quoting

    def test_two_galleries(self, planning, hub):
        """Two galleries, or two halves deployed by two jobs, have a comment each."""
        for _ in range(2):
            succeeded(planning.run())
            succeeded(planning.run(metadata_key="other.json", photos_prefix="b", site_prefix="b"))
            succeeded(planning.run(photos_only="true"))
        assert hub.methods() == ["POST", "POST", "POST"]

    @pytest.mark.parametrize(
        ("token", "login"),
        [(github.APP_TOKEN, github.APP_LOGIN), (github.USER_TOKEN, github.USER_LOGIN)],
    )
    def test_other_tokens(self, planning, hub, gallery, token, login):
        """With the token of a user or another app, the comment is that account's."""
        succeeded(planning.run(github_token=token))
        gallery.add("d")
        gallery.write()
        assert token not in succeeded(planning.run(github_token=token)).visible
        assert hub.methods() == ["POST", "PATCH"]
        assert len(hub.bodies(NUMBER, login)) == 1

    def test_no_graphql(self, planning, hub):
        """Who the job's token is, is known anyway."""
        hub.graphql = False
        succeeded(planning.run())
        succeeded(planning.run())
        assert hub.methods() == ["POST"]

    def test_github_enterprise(self, job, gallery):
        """Its API lies below a path."""
        with github.github("/api/v3") as hub:
            hub.add_pull(NUMBER)
            job.inputs |= {"github-token": github.APP_TOKEN, "dry-run": "true"}
            started_by(job, hub, "pull_request", hub.event(NUMBER))
            hub.most = 1
            succeeded(job.run())
            hub.write(NUMBER, "somebody", "Nice")
            gallery.add("d")
            gallery.write()
            succeeded(job.run())
            assert hub.methods() == ["POST", "PATCH"]
            assert "/api/graphql" in {each.path for each in hub.requests}

    def test_a_deployment_says_that_it_is_none_dry(self, planning, hub, server, bucket):
        """On a pull request that deploys for real, the comment is there before the first write."""
        seen = []

        def before(request: github.Request) -> None:
            if request.method == "POST":
                seen.append(len(servers.listing(server, bucket)))

        hub.hook = before
        succeeded(planning.run(dry_run="false"))
        assert seen == [0]
        assert "## Deployment plan: " in hub.bodies(NUMBER)[0]
        assert len(servers.listing(server, bucket)) > 10
        assert hub.methods() == ["POST"]

    def test_secrets(self, planning, hub, gallery):
        """A file that is called like a secret does not publish it; GitHub masks logs only."""
        secret = planning.inputs["s3-secret-key"]
        gallery.write_site({**galleries.SITE, secret: b"x"})
        run = succeeded(planning.run())
        assert secret not in run.visible
        (body,) = hub.bodies(NUMBER)
        assert secret not in body
        assert "| `***` |" in body

    def test_a_refused_plan_is_shown(self, planning, hub):
        """Who has to look at it finds it on the pull request."""
        run = planning.run(expected_plan="0" * 64)
        assert run.outputs["failure-reason"] == "plan-changed"
        assert len(hub.bodies(NUMBER)) == 1


class TestWhen:
    """The input `comment`, and where there is never one."""

    @pytest.mark.parametrize(
        ("when", "idle", "busy"), [("", 0, 1), ("changes", 0, 1), ("always", 1, 1), ("off", 0, 0)]
    )
    def test_comment(self, planning, hub, gallery, when, idle, busy):
        """`always`, `changes` or `off`, with a plan that changes nothing and one that does."""
        job = pushed(planning, hub)
        succeeded(job.run())
        started_by(job, hub, "pull_request", hub.event(NUMBER))
        assert succeeded(job.run(dry_run="true", comment=when)).outputs["changes"] == "false"
        assert len(hub.bodies(NUMBER)) == idle
        gallery.add("d")
        gallery.write()
        succeeded(job.run(dry_run="true", comment=when))
        assert len(hub.bodies(NUMBER)) == busy
        if when == "off":
            assert hub.requests == []

    def test_changes_that_are_taken_back(self, planning, hub, gallery):
        """With `changes`, a comment that is there is brought up to date when nothing is left."""
        job = pushed(planning, hub)
        succeeded(job.run())
        started_by(job, hub, "pull_request", hub.event(NUMBER))
        gallery.add("d")
        gallery.write()
        succeeded(job.run(dry_run="true"))
        gallery.remove("d")
        gallery.write()
        succeeded(job.run(dry_run="true"))
        (body,) = hub.bodies(NUMBER)
        assert "**Nothing to do.**" in body

    def test_fork(self, planning, hub):
        """A fork's plan never speaks with our voice; GitHub is not even asked."""
        hub.add_pull(8, fork=True)
        job = started_by(planning, hub, "pull_request_target", hub.event(8))
        run = succeeded(job.run())
        assert "No comment on pull request #8: it comes from a fork" in run.log
        assert hub.requests == []

    def test_closed(self, planning, hub):
        """What was reviewed stays as it was when a run is repeated, or comes, after the merge."""
        succeeded(planning.run())
        reviewed = hub.bodies(NUMBER)
        hub.merge(NUMBER, SHA)
        succeeded(planning.run(force="true", photos_prefix="photos", cache_control="*: no-store"))
        assert hub.bodies(NUMBER) == reviewed
        asked = len(hub.requests)
        started_by(planning, hub, "pull_request", hub.event(NUMBER))
        assert "it is closed" in succeeded(planning.run(cache_control="*: no-store")).stdout
        assert len(hub.requests) == asked

    def test_no_token(self, planning, hub):
        """Without a token there is no comment, and no fuss."""
        run = succeeded(planning.run(github_token=""))
        assert "there is no github-token" in run.stdout
        assert run.annotations("warning") == []
        assert hub.requests == []

    def test_push(self, planning, hub):
        """A push has no pull request to comment on."""
        succeeded(pushed(planning, hub).run())
        assert hub.requests == []

    def test_wrong_value(self, planning):
        """Another value is an error that names the possible ones."""
        run = planning.run(comment="sometimes")
        assert run.outputs["failure-reason"] == "config"
        assert "comment must be one of always, changes, off, not 'sometimes'" in run.stdout


class TestFailing:
    """A comment that fails only warns."""

    @pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
    @pytest.mark.parametrize("answer", [github.FORBIDDEN, github.NOT_FOUND], ids=["403", "404"])
    def test_missing_permission(self, planning, hub, gallery, method, answer):
        """The permission is named, and the YAML to paste is in the log."""
        if method == "PATCH":
            succeeded(planning.run())
            gallery.add("d")
            gallery.write()
        hub.hook = lambda request: (
            answer
            if request.method == method and "/issues/" in request.path
            else None
        )  # fmt: skip
        run = planning.run()
        only_warned(run, f"{answer.status}", "It needs the permission pull-requests: write.")
        assert YAML in run.stdout

    def test_refused_text(self, planning, hub):
        """A 422 says what GitHub says; permissions are not the matter."""
        hub.hook = lambda request: github.INVALID if request.method == "POST" else None
        run = planning.run()
        assert "permission" not in only_warned(run, "422: Validation Failed")
        assert "permissions:" not in run.stdout

    def test_bad_token(self, planning):
        """A token that has expired."""
        only_warned(planning.run(github_token="nobodys"), "does not accept the token", "401")

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("limit", github.RATE_LIMITS)
    def test_rate_limits(self, planning, hub, method, limit):
        """They are told as such at once: a deployment waits for no quarter of an hour."""
        hub.hook = lambda request: (
            github.RATE_LIMITS[limit]
            if request.method == method and "/issues/" in request.path
            else None
        )  # fmt: skip
        message = only_warned(planning.run(), "GitHub's rate limit is reached")
        assert "permission" not in message
        assert len([each for each in hub.requests if each.method == method]) <= 4

    def test_short_pause(self, planning, hub):
        """A pause of a second is made."""
        answers = [github.RATE_LIMITS["secondary-429"]._replace(headers={"Retry-After": "1"})]
        hub.hook = lambda request: (
            answers.pop() if answers and request.path.endswith("/comments") else None
        )
        succeeded(planning.run())
        assert len(hub.bodies(NUMBER)) == 1

    def test_hiccup(self, planning, hub):
        """A 502 on reading is tried again."""
        answers = [Answer(502, {"message": "Server Error"}), Answer(503, {})]
        hub.hook = lambda _: answers.pop() if answers else None
        succeeded(planning.run())
        assert hub.methods() == ["POST"]
        assert len(hub.bodies(NUMBER)) == 1

    def test_lost_answer(self, planning, hub):
        """A comment whose answer is lost is not made twice, and the next run finds it."""

        def lost(request: github.Request) -> None:
            if request.method == "POST" and "/issues/" in request.path:
                hub.write(NUMBER, JOB_LOGIN, request.document["body"])
                raise Lost

        hub.hook = lost
        only_warned(planning.run(), "no connection to 127.0.0.1")
        hub.hook = lambda _: None
        succeeded(planning.run())
        assert hub.methods() == ["POST"]
        assert len(hub.bodies(NUMBER)) == 1

    def test_nobody_there(self, planning):
        """No connection at all."""
        planning.environ["GITHUB_API_URL"] = f"http://127.0.0.1:{servers.free_port()}"
        only_warned(planning.run(), "no connection to 127.0.0.1")

    @pytest.mark.parametrize(
        "answer",
        [Answer(200, "<html>"), Answer(200, {"x": 1}), Answer(200, [1, 2]), Answer(204, {})],
    )
    def test_nonsense(self, planning, hub, answer):
        """Something else than GitHub answers."""
        hub.hook = lambda _: answer
        only_warned(planning.run(), "the answer of 127.0.0.1 makes no sense")

    @pytest.mark.parametrize("url", ["ftp://127.0.0.1", "nonsense", "http://"])
    def test_no_url(self, planning, url):
        """An address that is none."""
        planning.environ["GITHUB_API_URL"] = url
        only_warned(planning.run())

    def test_a_deployment_goes_on(self, planning, hub, server, bucket):
        """The comment is no condition."""
        hub.hook = lambda _: github.FORBIDDEN
        only_warned(planning.run(dry_run="false"))
        assert "index.html" in servers.listing(server, bucket)


class TestToken:
    """It goes to the API's host and nowhere else."""

    @pytest.fixture
    def elsewhere(self) -> Iterator[GitHub]:
        with github.github() as made:
            # Another name of this machine: not the host that the API is at
            made.url = made.url.replace("127.0.0.1", "localhost")
            made.add_pull(NUMBER)
            yield made

    def test_links(self, planning, hub, elsewhere):
        """The next page at another host is not fetched."""
        hub.most = 1
        for _ in range(3):
            hub.write(NUMBER, "somebody", "Nice")
        hub.link_host = elsewhere.url
        only_warned(planning.run(), "makes no sense")
        assert elsewhere.requests == []

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_redirects(self, planning, hub, elsewhere, status):
        """Redirects to another host are not followed."""
        place = {"Location": f"{elsewhere.url}/repos/{REPOSITORY}/pulls/{NUMBER}"}
        hub.hook = lambda _: Answer(status, {"url": place["Location"]}, place)
        only_warned(planning.run())
        assert elsewhere.requests == []

    def test_urls_of_answers(self, planning, hub, elsewhere):
        """Nor is anything asked of a host that an answer names."""
        hub.pulls[NUMBER]["issue_url"] = f"{elsewhere.url}/repos/{REPOSITORY}/issues/{NUMBER}"
        only_warned(planning.run())
        assert elsewhere.requests == []


class TestReviewedPlans:
    """`require-reviewed-plan` on the push that merges."""

    def review(self, planning: Job, **inputs: str) -> Run:
        """Show the plan on the pull request."""
        return succeeded(planning.run(**inputs))

    def refused(self, run: Run, job: Job, server: Server, bucket: str, *details: str) -> None:
        message = (
            "Error: The plan is not the one of pull request #7"
            if "reviewed" in details[0].split()[0]
            else "Error: There is no reviewed plan: nothing was written"
        )
        failure.check(run, job, "plan-changed", message, *details)
        assert JOB_TOKEN not in run.visible
        assert servers.listing(server, bucket) == {}

    @pytest.fixture
    def merged(self, planning, hub) -> Job:
        """The job of the push, after the plan was shown and the pull request merged."""
        succeeded(planning.run())
        hub.merge(NUMBER, SHA)
        planning.inputs["require-reviewed-plan"] = "true"
        return pushed(planning, hub)

    def test_accepted(self, merged, hub, gallery, server, bucket):
        """The same plan is deployed, though the manifest was made anew in between."""
        gallery.generated_at = "2024-10-29T11:11:11+00:00"
        gallery.write()
        before = hub.bodies(NUMBER)
        run = succeeded(merged.run())
        assert f"Reviewed on pull request #{NUMBER}: the same plan" in run.log
        assert "index.html" in servers.listing(server, bucket)
        assert hub.bodies(NUMBER) == before
        again = succeeded(merged.run())
        assert "Nothing to review: the plan changes nothing" in again.log

    def test_found_by_the_only_merge(self, planning, hub, server, bucket):
        """A commit in the middle of a merge still belongs to its pull request."""
        succeeded(planning.run())
        hub.merge(NUMBER, "6" * 40)
        hub.commits[SHA] = [NUMBER]
        hub.add_pull(9)
        hub.commits[SHA].append(9)  # still open
        succeeded(pushed(planning, hub).run(require_reviewed_plan="true"))
        assert "index.html" in servers.listing(server, bucket)

    def test_changed(self, merged, gallery, server, bucket):
        """Another plan is refused, and what differs is told."""
        gallery.add("d")
        gallery.remove("a")
        gallery.write()
        (gallery.site / "style.css").write_text("body { color: red }")
        run = merged.run()
        self.refused(
            run, merged, server, bucket,
            "reviewed ", "found    ",
            "not reviewed: upload photos/full/d.jpg (new, ",
            "not reviewed: upload style.css (new, ",
            "reviewed but no longer planned: 5 changes",
            "expected-plan",
        )  # fmt: skip
        assert "index.html (new" not in run.stdout

    def test_changed_totals(self, merged, gallery, server, bucket):
        """The numbers are compared, too."""
        gallery.add("d")
        gallery.write()
        self.refused(merged.run(), merged, server, bucket,
                     "reviewed ", "photos to upload: 3 reviewed, 4 now")  # fmt: skip

    def test_another_half(self, merged, server, bucket):
        """A plan of the pages alone was not what the comment showed."""
        self.refused(
            merged.run(site_only="true"), merged, server, bucket, "pull request #7", "(site)"
        )

    def test_no_pull_request(self, deploying, server, bucket):
        """A commit that was pushed directly."""
        self.refused(deploying.run(), deploying, server, bucket,
                     "no pull request was merged with the commit 555555555555")  # fmt: skip

    def test_not_merged(self, deploying, hub, server, bucket):
        """A commit of a pull request that is still open."""
        hub.commits[SHA] = [NUMBER]
        self.refused(deploying.run(), deploying, server, bucket, "no pull request was merged")

    def test_several(self, deploying, hub, server, bucket):
        """A commit that came with several pull requests, none of which it merged."""
        hub.add_pull(8)
        for number in (NUMBER, 8):
            hub.merge(number, "6" * 40)
        hub.commits[SHA] = [NUMBER, 8]
        self.refused(deploying.run(), deploying, server, bucket, "no pull request was merged")

    def test_no_comment(self, deploying, hub, server, bucket):
        """A pull request on which no plan was shown."""
        hub.merge(NUMBER, SHA)
        self.refused(deploying.run(), deploying, server, bucket,
                     "pull request #7 has no comment of github-actions[bot]")  # fmt: skip

    @pytest.mark.parametrize("login", ["mallory", "dependabot[bot]", "github-actions", None])
    def test_someone_elses_comment(self, merged, hub, server, bucket, login):
        """The right plan in a comment of somebody else does not count."""
        body = hub.bodies(NUMBER)[0]
        hub.comments[NUMBER].clear()
        hub.write(NUMBER, login, body)
        self.refused(merged.run(), merged, server, bucket, "pull request #7 has no comment of")

    def test_fork(self, merged, hub, server, bucket):
        """The plan of a fork does not count, whoever posted it."""
        hub.pulls[NUMBER]["head"]["repo"] = {"full_name": "stranger/gallery", "url": "x"}
        self.refused(merged.run(), merged, server, bucket, "pull request #7 came from a fork")

    def test_deleted_fork(self, merged, hub, server, bucket):
        """Nor that of a fork that is gone."""
        hub.pulls[NUMBER]["head"]["repo"] = None
        self.refused(merged.run(), merged, server, bucket, "pull request #7 came from a fork")

    def test_no_token(self, merged, server, bucket):
        """Without a token nothing can be looked up, and nothing is deployed."""
        self.refused(merged.run(github_token=""), merged, server, bucket, "no github-token")

    @pytest.mark.parametrize(
        ("answer", "reason", "words"),
        [
            (github.FORBIDDEN, "credentials", "pull-requests: read"),
            (github.NOT_FOUND, "credentials", "pull-requests: read"),
            (github.BAD_TOKEN, "credentials", "does not accept the token"),
            (Answer(500, {"message": "Oh"}), "network", "GitHub says 500"),
            (github.RATE_LIMITS["primary"], "network", "rate limit"),
            (Answer(200, {"x": 1}), "network", "makes no sense"),
        ],
        ids=["403", "404", "401", "500", "rate-limit", "nonsense"],
    )
    def test_api_failures(self, merged, hub, server, bucket, answer, reason, words):
        """If GitHub cannot be asked, nothing is deployed."""
        hub.hook = lambda request: answer if "/commits/" in request.path else None
        run = merged.run()
        failure.check(run, merged, reason, "Error: Could not read the reviewed plan: ")
        assert words in run.stdout
        assert servers.listing(server, bucket) == {}

    def test_nobody_there(self, merged, server, bucket):
        """Nor if there is no connection."""
        merged.environ["GITHUB_API_URL"] = f"http://127.0.0.1:{servers.free_port()}"
        failure.check(merged.run(), merged, "network", "Error: Could not read the reviewed plan: ")
        assert servers.listing(server, bucket) == {}

    def test_dry_run(self, deploying, hub):
        """A dry run is not held against it, but says so."""
        run = succeeded(deploying.run(dry_run="true"))
        assert any("require-reviewed-plan" in line for line in run.log)
        assert hub.requests == []

    def test_expected_plan_too(self, merged):
        """A plan given by hand must be right as well."""
        run = merged.run(expected_plan="0" * 64)
        failure.check(run, merged, "plan-changed", "Error: The plan is not the expected one")

    def test_laptop(self, merged, server, bucket):
        """Away from GitHub there are no reviews."""
        merged.environ["GITHUB_ACTIONS"] = "false"
        run = merged.run()
        assert run.outputs["failure-reason"] == "plan-changed"
        assert "this is not a run of a workflow" in run.stderr
        assert servers.listing(server, bucket) == {}


HOSTILE = {
    "pipe": "a|b | c",
    "backticks": "`` ` ```x",
    "link": "](javascript:alert(1)) [x](javascript:y) <https://evil.example>",
    "mention": "@everyone @octocat #1 someone/gallery#2",
    "close": "--> <!-- galleria-deploy {} --> -->",
    "command": "::error::x ##[error]y ::set-output name=a::b",
    "html": "</details></summary><img src=x onerror=alert(1)>",
    "rtl": "\u202egpj.\u2066exe\u200b",
    "newline": "a\n\n## Deployment plan: nothing\n\n| x |\n\r\n- [ ] y",
    "long": "x" * 1000,
}


class TestHostileNames:
    """Photos called like this appear as text and do nothing."""

    def test_ids(self, planning, hub, gallery):
        """The ids of photos are anything that JSON can say."""
        for name, text in HOSTILE.items():
            gallery.add(name)
            gallery.photos[name]["id"] = text
        gallery.write()
        run = succeeded(planning.run())
        (body,) = hub.bodies(NUMBER)
        assert comment.decode(body).plan_hash == run.outputs["plan-hash"]
        for text in (body, run.summary):
            check_markdown(text)
        assert [
            each for each in run.stdout.splitlines() if re.match(r"\s*::(error|set-output)", each)
        ] == []
        assert "##[" not in run.stdout

    def test_files(self, planning, hub, gallery):
        """Names of files, where keys allow it."""
        names = [name for name in HOSTILE.values() if "\n" not in name and len(name) < 200]
        files = {f"{name.replace('/', '_')}.txt": b"x" for name in names}
        gallery.write_site({**galleries.SITE, **files})
        run = succeeded(planning.run())
        (body,) = hub.bodies(NUMBER)
        assert comment.decode(body).plan_hash == run.outputs["plan-hash"]
        for text in (body, run.summary):
            check_markdown(text)
        deployed = succeeded(pushed(planning, hub).run(progress="true"))
        assert [line for line in deployed.stdout.splitlines() if line.startswith("::error")] == []


def check_markdown(text: str) -> None:
    page = rendered.render(text)
    assert page.links == []
    assert page.html <= rendered.OURS
    assert page.headings == 1
    assert not re.search(r"@\w|#\w", page.prose)
    assert page.widths == page.expected_widths
    assert page.balanced
