"""Sign-in without keys: a job takes a role with its token, and what it says when it may not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from support import ceph_role, oidc, servers, sts
from support.ceph_role import CephRole
from support.oidc import Issuer
from support.process import Job, Run
from support.servers import Server
from support.sts import AUDIENCE, ROLE, Role, Sts

MANIFEST = "gallery-metadata.json"
IMMUTABLE = "repo:someone@123456/gallery@456789:environment:production"


@pytest.fixture
def server(moto) -> Server:
    """The bucket's server, behind the service that gives out roles."""
    return moto


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with oidc.issuer() as made:
        yield made


@pytest.fixture
def service(server, issuer) -> Iterator[Sts]:
    with sts.sts(server, issuer) as made:
        yield made


@pytest.fixture
def job(gallery, tmp_path, service, issuer, bucket) -> Iterator[Job]:
    """A job with `id-token: write` and no keys, at a service that answers for S3 and STS."""
    access = {
        "s3-endpoint": service.server.endpoint,
        "s3-bucket": bucket,
        "role-to-assume": ROLE,
    }
    made = Job(gallery.root, tmp_path / "runner", access, dict(issuer.environ))
    yield made
    for step in made.steps:
        step.kill()


def at_aws(job: Job, service: Sts) -> None:
    """No endpoint: the AWS that boto3 finds; here the environment says where that is."""
    job.inputs["s3-endpoint"] = ""
    job.environ |= {"AWS_ENDPOINT_URL": service.server.endpoint, "AWS_REGION": "eu-central-1"}
    # Roles do not mix with what else the machine has.
    job.environ |= {"AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_SECRET_ACCESS_KEY": "other"}


def assert_nothing_shown(issuer: Issuer, service: Sts, *runs: Run) -> None:
    """No token and no key is anywhere, in whole or in part, and all of these runs are masked."""
    secrets = {*issuer.tokens, *service.secrets(), oidc.SECRET}
    parts = {part for token in issuer.tokens for part in token.split(".")}
    masked = set()
    for run in runs:
        assert not [each for each in secrets | parts if each in run.visible]
        masked |= {line for line in run.stdout.splitlines() if line.startswith("::add-mask::")}
    assert {f"::add-mask::{each}" for each in secrets} <= masked


def assert_refused(run: Run, server: Server, bucket: str, *texts: str) -> None:
    assert (run.status, run.outputs["failure-reason"]) == (1, "credentials"), run.stdout
    log = "\n".join(run.log)
    assert "Error: Could not sign in: " in log
    for text in texts:
        assert text in log
    assert "Traceback" not in run.stdout + run.stderr
    assert servers.listing(server, bucket) == {}


@pytest.mark.parametrize("place", ["custom", "aws"])
def test_deploys_without_keys(job, gallery, service, issuer, server, bucket, place):
    """Plan, deployment, nothing to do: by one session each, and nothing secret is seen."""
    if place == "aws":
        at_aws(job, service)
    runs = [job.run(dry_run="true"), job.run(), job.run()]
    for run in runs:
        assert (run.status, run.outputs["failure-reason"]) == (0, ""), run.stdout
    assert_nothing_shown(issuer, service, *runs)
    assert run.outputs["changes"] == "false"
    assert servers.listing(server, bucket).keys() >= gallery.keys() | {MANIFEST}
    assert issuer.asked == [AUDIENCE] * 3
    assert [each.uses > 0 for each in service.sessions] == [True] * 3
    assert service.strangers == []
    asked = service.sessions[0].asked
    assert (asked["RoleArn"], asked["RoleSessionName"]) == (ROLE, "galleria-deploy")
    assert asked["DurationSeconds"] == "3600"


def test_the_inputs_are_used(job, service, issuer):
    """Audience, name and length of the session are those that were asked for."""
    service.providers[issuer.url] = {"our gallery & more"}
    service.roles[ROLE] = sts.trusts(issuer, issuer.subject, "our gallery & more")
    run = job.run(
        audience="our gallery & more", role_session_name="run-1@main", role_duration="900"
    )
    assert run.status == 0, run.stdout
    (session,) = service.sessions
    assert (session.asked["RoleSessionName"], session.asked["DurationSeconds"]) == (
        "run-1@main",
        "900",
    )
    assert issuer.asked == ["our gallery & more"]


def test_credentials_are_renewed(job, gallery, service, issuer, server, bucket):
    """A deployment that outlasts its session takes the role again, each time with a new token."""
    at_aws(job, service)
    service.lifetime = 200  # seconds: sooner than they are renewed
    first = job.run()
    gallery.remove("a")
    gallery.write()
    before = len(service.sessions)
    second = job.run()
    assert (first.status, second.status) == (0, 0), first.stdout + second.stdout
    assert_nothing_shown(issuer, service, first, second)
    assert before > 1
    assert len(service.sessions) > before + 1
    tokens = [each.asked["WebIdentityToken"] for each in service.sessions]
    assert tokens == issuer.tokens
    assert len(set(tokens)) == len(tokens)
    assert "photos/full/a.jpg" not in servers.listing(server, bucket)


def refuse_after(service: Sts, requests: int) -> None:
    """Somebody changes the role's trust policy in the middle of a deployment."""

    def hook(number: int) -> None:
        if number > requests:
            service.roles.clear()

    service.hook = hook


def test_a_renewal_may_fail_while_the_credentials_are_good(job, service):
    """They are renewed minutes before they expire; until then a refusal stops nothing."""
    at_aws(job, service)
    service.lifetime = 200
    refuse_after(service, 1)
    run = job.run()
    assert run.status == 0, run.stdout
    assert (len(service.sessions), service.requests) == (1, 2)


def test_a_renewal_that_fails_for_good(job, gallery, service, issuer, server, bucket):
    """Without new credentials the run ends as one that cannot sign in; a rerun completes it."""
    at_aws(job, service)
    service.lifetime = 100  # too short to be used without a renewal
    trusting = dict(service.roles)
    refuse_after(service, 8)
    run = job.run()
    assert (run.status, run.outputs["failure-reason"]) == (1, "credentials"), run.stdout
    log = "\n".join(run.log)
    assert "Photo deployment failed: could not sign in: the role does not trust this job" in log
    assert f"says sub: {issuer.subject}" in log
    assert "A rerun sends only what is missing." in log
    assert MANIFEST not in servers.listing(server, bucket)
    service.hook, service.lifetime, service.roles = lambda _: None, None, trusting
    assert job.run().status == 0
    assert servers.listing(server, bucket).keys() >= gallery.keys() | {MANIFEST}


def test_without_the_permission(job, service, server, bucket):
    """The runner gives no address to ask: the lines to paste are in the log."""
    job.environ.clear()
    run = job.run()
    permission = "permissions:\n  contents: read\n  id-token: write"
    assert_refused(run, server, bucket, "this job may not ask GitHub for a token", permission)
    assert f"```\n{permission}\n```" in run.summary
    assert service.requests == 0


def test_on_a_computer(job, service, server, bucket):
    """There is no job, and no permission would help."""
    job.environ = {"GITHUB_ACTIONS": ""}
    run = job.run()
    assert (run.status, run.outputs["failure-reason"]) == (1, "credentials")
    assert "only a job of GitHub Actions has a token for role-to-assume" in run.stderr
    assert "AWS_PROFILE" in run.stderr
    assert "id-token" not in run.stderr


@pytest.mark.parametrize(
    "subject",
    ["repo:someone/gallery:environment:production", "repo:someone/gallery:pull_request", IMMUTABLE],
)
def test_a_role_that_trusts_others(job, service, issuer, server, bucket, subject):
    """The log says who this job is, and the policy in it, pasted, lets it in, and no other."""
    issuer.claims["sub"] = subject
    run = job.run()
    assert_refused(
        run, server, bucket, "the role does not trust this job", f"says sub: {subject}\n", f"says aud: {AUDIENCE}\n"
    )  # fmt: skip
    assert_nothing_shown(issuer, service, run)
    log = "\n".join(run.log)
    policy = log[log.index("\n{\n") : log.index("\n}") + 2]
    assert f"```{policy}\n```" in run.summary
    service.roles[ROLE] = Role(json.loads(policy))
    assert job.run().status == 0
    issuer.claims["sub"] = f"{subject}x"
    assert job.run().outputs["failure-reason"] == "credentials"


def wrong_audience(service: Sts, issuer: Issuer) -> dict[str, str]:
    service.providers[issuer.url] = {"another"}
    return {}


def asked_for_another(service: Sts, issuer: Issuer) -> dict[str, str]:
    return {"audience": "my-audience"}


def no_provider(service: Sts, issuer: Issuer) -> dict[str, str]:
    service.providers.clear()
    return {}


def forged(service: Sts, issuer: Issuer) -> dict[str, str]:
    issuer.signs = oidc.key("forger")
    return {}


def expired(service: Sts, issuer: Issuer) -> dict[str, str]:
    issuer.good_for = -60
    return {}


def too_long(service: Sts, issuer: Issuer) -> dict[str, str]:
    return {"role_duration": "7200"}


def no_such_role(service: Sts, issuer: Issuer) -> dict[str, str]:
    service.roles.clear()
    return {}


def other_account(service: Sts, issuer: Issuer) -> dict[str, str]:
    return {"role_to_assume": "arn:aws:iam::1111:role/gallery-deploy"}


def no_sts(service: Sts, issuer: Issuer) -> dict[str, str]:
    service.hook = lambda _: oidc.Answer(405)
    return {}


PROVIDER = "arn:aws:iam::111122223333:oidc-provider/127.0.0.1:"


@pytest.mark.parametrize(
    ("break_it", "texts"),
    [
        (wrong_audience, ["does not know the audience sts.amazonaws.com", "aws iam add-client-id", PROVIDER]),
        (asked_for_another, ["does not know the audience my-audience", "--client-id my-audience"]),
        (no_provider, ["no identity provider for http://127.0.0.1:", "aws iam create-open-id-connect-provider --url http://127.0.0.1:", "--client-id-list sts.amazonaws.com"]),
        (forged, ["does not accept the job's token (InvalidIdentityToken: Couldn't retrieve verification key"]),
        (expired, ["had expired when it arrived (ExpiredTokenException)"]),
        (too_long, ["role-duration (7200) is longer than the role allows", "--role-name gallery-deploy --max-session-duration 7200"]),
        (no_such_role, ["the role does not trust this job (AccessDenied)", f"Is {ROLE} the right role?"]),
        (other_account, ["does not understand the request (ValidationError: arn:aws:iam::1111:role/gallery-deploy is invalid)"]),
        (no_sts, ["has no sign-in with roles (no STS)", "s3-access-key and s3-secret-key"]),
    ],
)  # fmt: skip
def test_refusals(
    job, service, issuer, server, bucket, break_it: Callable[[Sts, Issuer], dict[str, str]], texts
):
    """What was wrong, what to do about it, with the command to paste; asked once, shown nothing."""
    run = job.run(**break_it(service, issuer))
    assert_refused(run, server, bucket, *texts)
    assert_nothing_shown(issuer, service, run)
    assert (issuer.requests, service.requests) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "reason", "text"),
    [
        (oidc.Answer(401), "credentials", "gives this job no token (401)"),
        (oidc.Answer(200, b"<html>"), "network", "has no token"),
        (oidc.Answer(200, b'{"value": "a.b"}'), "network", "has no token"),
        (oidc.Answer(200, b"[" * 50_000), "network", "has no token"),
    ],
)
def test_no_token(job, service, issuer, answer, reason, text):
    """The runner's address is there and gives none."""
    issuer.hook = lambda _: answer
    run = job.run()
    assert (run.status, run.outputs["failure-reason"]) == (1, reason), run.stdout
    assert text in "\n".join(run.log)
    assert_nothing_shown(issuer, service, run)
    assert service.requests == 0


def test_a_fault_that_passes(job, service, issuer):
    """Both are asked again, as the bucket would be."""
    issuer.hook = lambda number: oidc.Answer(502) if number == 1 else None
    service.hook = lambda number: oidc.Answer(503) if number == 1 else None
    assert job.run().status == 0
    assert (len(issuer.tokens), len(service.sessions)) == (1, 1)


def test_the_token_goes_nowhere_else(job, service, issuer):
    """Neither who issues it nor who takes it can send it on: redirects are refusals."""
    with oidc.issuer() as elsewhere, sts.sts(service.server, elsewhere) as other:
        issuer.hook = lambda _: oidc.Answer(302, location=f"{elsewhere.url}{oidc.PATH}")
        first = job.run()
        assert first.outputs["failure-reason"] == "credentials"
        assert "gives this job no token (302)" in "\n".join(first.log)

        issuer.hook = lambda _: None
        service.hook = lambda _: oidc.Answer(307, location=f"{other.server.endpoint}/")
        second = job.run()
        assert second.outputs["failure-reason"] == "credentials"
        assert_nothing_shown(issuer, service, first, second)
        assert (elsewhere.requests, other.requests) == (0, 0)


def test_a_broken_manifest_comes_first(job, gallery, service, issuer):
    """What is wrong in the workspace is said before anybody is asked for anything."""
    gallery.manifest.write_text("{")
    assert job.run().outputs["failure-reason"] == "metadata"
    assert (issuer.requests, service.requests) == (0, 0)


def test_a_fork(job, service, issuer, server, bucket, tmp_path):
    """It has no token, and needs none: a plan from the public files, and a green check."""
    assert job.run().status == 0
    signed_in = issuer.requests
    fork = {"number": 5, "head": {"repo": {"full_name": "friend/gallery"}}}
    fork["base"] = {"repo": {"full_name": "someone/gallery"}}
    event = tmp_path / "fork.json"
    event.write_text(json.dumps({"pull_request": fork}))
    job.environ = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event)}

    run = job.run(public_url=servers.publish(server, bucket))
    assert (run.status, run.outputs["failure-reason"]) == (0, ""), run.stdout
    assert (run.outputs["changes"], run.outputs["photos-unchanged"]) == ("false", "3")
    assert "made without credentials" in run.summary

    run = job.run()
    assert (run.status, run.outputs["failure-reason"]) == (0, "")
    assert "No plan" in run.summary
    assert issuer.requests == signed_in


@pytest.mark.ceph
class TestCeph:
    """A real service that checks tokens, over TLS: Ceph's, which signs roles in as AWS does."""

    @pytest.fixture
    def server(self, ceph_with_roles) -> Server:
        return ceph_with_roles

    @pytest.fixture
    def role(self, server, issuer) -> Iterator[CephRole]:
        with ceph_role.made(server, issuer) as made:
            yield made

    @pytest.fixture
    def job(self, gallery, tmp_path, issuer, server, bucket, role) -> Iterator[Job]:
        access = {"s3-endpoint": server.endpoint, "s3-bucket": bucket, "role-to-assume": role.arn}
        environ = issuer.environ | {"AWS_CA_BUNDLE": str(server.ca_bundle)}
        made = Job(gallery.root, tmp_path / "runner", access, environ)
        yield made
        for step in made.steps:
            step.kill()

    def test_deploys(self, job, gallery, issuer, server, bucket):
        """The gateway verifies token and role, and takes the requests of the session."""
        for run in (job.run(), job.run()):
            assert (run.status, run.outputs["failure-reason"]) == (0, ""), run.stdout
            assert not any(token in run.visible for token in issuer.tokens)
        assert run.outputs["changes"] == "false"
        assert servers.listing(server, bucket).keys() >= gallery.keys() | {MANIFEST}

    def test_refuses(self, job, issuer, server, bucket, role):
        """Another branch is told what to paste, and with that it gets in."""
        issuer.claims["sub"] = "repo:someone/gallery:ref:refs/heads/drafts"
        run = job.run()
        assert_refused(
            run, server, bucket, "does not trust this job (AccessDenied)", "says sub: repo:someone/gallery:ref:refs/heads/drafts", " must exist, know this audience"
        )  # fmt: skip
        log = "\n".join(run.log)
        pasted = json.loads(log[log.index("\n{\n") : log.index("\n}") + 2])
        role.trust(pasted)
        assert job.run().status == 0

    @pytest.mark.parametrize(
        ("break_it", "text"),
        [
            (forged, "does not trust this job (AccessDenied)"),
            (expired, "does not trust this job (AccessDenied)"),
            (asked_for_another, "says aud: my-audience"),
            (too_long, "role-duration (7200) is longer than the role allows"),
        ],
    )
    def test_refusals(self, job, issuer, server, bucket, break_it, text):
        """Ceph gives no reasons; what the token says, and the role's limit, are said all the same."""
        assert_refused(job.run(**break_it(None, issuer)), server, bucket, text)

    def test_keys_are_not_needed(self, job, server, bucket):
        """A service without STS for this role's issuer is no reason to fall back to anything."""
        job.environ = {
            "AWS_CA_BUNDLE": str(server.ca_bundle),
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
        }
        assert_refused(job.run(), server, bucket, "this job may not ask GitHub for a token")
