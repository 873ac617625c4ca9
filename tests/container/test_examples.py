"""The files of examples/workflows, run as they are by act: what users copy is what is tried.

Stand-ins are there for what is the user's own (the script that makes the gallery) and for what
cannot be fetched here (other people's actions, and `galleria/deploy@v1`, which is the image).
"""

from __future__ import annotations

import re
import textwrap

import pytest
from container import workflows
from container.workflows import NAME, ROOT, Repository
from support import cdns, galleries, internet, oidc, servers, sts

EXAMPLES = "examples/workflows"
SITE = {"index.html", "style.css", "js/app.js", "data/photos.json"}
RECORDS = {"gallery-metadata.json", ".galleria/gallery-metadata.json.ledger.json.gz"}
ARTIFACTS = "actions/download-artifact@634f93cb2916e3fdff6788551b99b062d0335ce0"
NOTHING = "name: Does nothing\nruns: {using: composite, steps: []}\n"
AWS = '''\
#!/usr/bin/env python3
"""Does what `aws s3 sync --no-progress s3://BUCKET FOLDER` does for one page of an open bucket."""
import os, pathlib, re, sys, urllib.request
assert sys.argv[1:4] == ["s3", "sync", "--no-progress"] and len(sys.argv) == 6, sys.argv
assert os.environ["AWS_ACCESS_KEY_ID"] == "to-read" and os.environ["AWS_REGION"], os.environ
bucket = os.environ["AWS_ENDPOINT_URL"] + "/" + sys.argv[4].removeprefix("s3://")
listed = urllib.request.urlopen(bucket + "?list-type=2").read().decode()
for key in re.findall("<Key>(.*?)</Key>", listed):
    file = pathlib.Path(sys.argv[5], key)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(urllib.request.urlopen(bucket + "/" + key).read())
'''
CALL = """\
on: push
permissions: {}
jobs:
  gallery:
    permissions: {contents: read}
    uses: ./.github/workflows/deploy-gallery.yml
    with:
      prepare: ./make-gallery.sh
      s3-endpoint: ${{ vars.S3_ENDPOINT }}
      s3-bucket: ${{ vars.S3_BUCKET }}
      photos-prefix: pictures
    secrets:
      s3-access-key: ${{ secrets.S3_ACCESS_KEY }}
      s3-secret-key: ${{ secrets.S3_SECRET_KEY }}
  after:
    needs: gallery
    runs-on: ubuntu-latest
    steps:
      - run: echo "uploaded ${{ needs.gallery.outputs.uploaded-files }} in ${{ needs.gallery.outputs.mode }} mode"
"""


@pytest.fixture
def made(tmp_path):
    """The gallery that the user's script makes."""
    return galleries.make(tmp_path / "gallery/made")


@pytest.fixture
def repository(act, tmp_path, image, server, bucket, made) -> Repository:
    """A user's repository with the examples, and a script of their own."""
    user = Repository(act, tmp_path / "gallery", tmp_path)
    user.use(server, bucket)
    for file in sorted((ROOT / EXAMPLES).glob("*.yml")):
        user.write(f"{EXAMPLES}/{file.name}", file.read_text("utf-8"))
    user.write("make-gallery.sh", "#!/bin/sh\nset -e\nrm -rf prod\ncp -R made/prod prod\n", 0o755)
    user.commit()
    workflows.write_action(tmp_path / "action", image)
    user.actions["galleria/deploy@v1"] = tmp_path / "action"
    return user


@pytest.fixture
def run(repository, server):
    """Runs an example and returns its log; no secret is in it."""

    def run(name: str, event: str, status: int = 0, **given) -> str:
        ran = repository.run(event, f"{EXAMPLES}/{name}.yml", **given)
        assert ran.returncode == status, ran.stdout
        assert server.secret_key not in ran.stdout
        return ran.stdout

    return run


@pytest.fixture
def keys(server, bucket):
    """Keys that the bucket holds now."""
    return lambda: servers.listing(server, bucket).keys()


def test_deploy(run, keys, made, server, bucket):
    """A push deploys; the same again writes nothing."""
    run("deploy", "push")
    assert keys() == made.keys() | SITE | RECORDS
    before = servers.listing(server, bucket)
    run("deploy", "push")
    assert servers.listing(server, bucket) == before


def test_deploy_started_by_hand(run, keys):
    """Unless told otherwise it shows the plan only."""
    log = run("deploy", "workflow_dispatch")
    assert "Dry run completed - no files were uploaded" in log
    assert keys() == set()


def test_plan(run, keys):
    """On a pull request: the plan, and nothing in the bucket."""
    ours = {"repo": {"full_name": NAME}, "ref": "main", "sha": "0" * 40}
    event = {
        "action": "opened",
        "number": 7,
        "pull_request": {"number": 7, "head": ours, "base": ours},
    }
    log = run("plan", "pull_request", payload=event)
    assert "Photos to upload: 3" in log
    assert "Dry run completed - no files were uploaded" in log
    assert keys() == set()


def test_by_hand(run, keys, made, server, bucket):
    """The four choices reach the action, and the last step says what was done."""
    assert "::notice::0 files uploaded, 0 deleted" in run("by-hand", "workflow_dispatch")
    assert keys() == set()

    log = run("by-hand", "workflow_dispatch", inputs={"dry-run": False, "site-only": True})
    assert "::notice::4 files uploaded" in log
    assert keys() == SITE | {".galleria/gallery-metadata.json.ledger.json.gz"}

    log = run("by-hand", "workflow_dispatch", inputs={"dry-run": False, "photos-only": True})
    assert "::notice::10 files uploaded" in log
    assert keys() == made.keys() | SITE | RECORDS

    log = run("by-hand", "workflow_dispatch", inputs={"dry-run": False})
    assert "::notice::0 files uploaded" in log
    log = run("by-hand", "workflow_dispatch", inputs={"dry-run": False, "force": True})
    assert "::notice::14 files uploaded" in log


def test_drift(run, server, bucket):
    """Green after a deployment; red, with the names, when somebody changed the bucket."""
    run("deploy", "push")
    run("drift", "schedule")

    client = servers.client(server)
    client.delete_object(Bucket=bucket, Key="photos/full/a.jpg")
    client.put_object(Bucket=bucket, Key="index.html", Body=b"defaced")
    changed = servers.listing(server, bucket)
    log = run("drift", "schedule", status=1)
    assert 'missing in bucket "photos/full/a.jpg"' in log
    assert 'differs in bucket "index.html"' in log
    assert "The bucket differs from the main branch: 2 files" in log
    assert servers.listing(server, bucket) == changed


def test_sharded(run, keys, made, server, bucket):
    """Eight jobs send the photos, the last one what is left; again, all have nothing to do."""
    log = run("sharded", "workflow_dispatch")
    assert keys() == made.keys() | SITE | RECORDS
    assert len(set(re.findall(r"Part (\d) of 8 completed", log))) == 8
    assert "::notice::5 files uploaded" in log
    before = servers.listing(server, bucket)
    assert "::notice::0 files uploaded" in run("sharded", "workflow_dispatch")
    assert servers.listing(server, bucket) == before


def test_from_outside(run, keys, made):
    """The event that examples/serverless sends."""
    event = {"action": "photos-arrived", "client_payload": {"arrival": 1}}
    run("from-outside", "repository_dispatch", payload=event)
    assert keys() == made.keys() | SITE | RECORDS


def test_everything(repository, run, keys, made, server, tmp_path):
    """Fetch, process, build and deploy; the scripts use what the steps before them made."""
    originals = servers.make_bucket(server)
    for name in "abc":
        servers.client(server).put_object(
            Bucket=originals, Key=f"2024/{name}.jpg", Body=b"raw", ACL="public-read"
        )
    repository.variables["ORIGINALS_BUCKET"] = originals
    repository.secrets |= {"ORIGINALS_ACCESS_KEY": "to-read", "ORIGINALS_SECRET_KEY": "not-used"}
    (tmp_path / "aws").write_text(AWS)
    (tmp_path / "aws").chmod(0o755)
    repository.volumes[tmp_path / "aws"] = "/usr/local/bin/aws"
    process = """\
        #!/bin/sh
        set -e
        test "$(ls "$1"/2024 | tr '\\n' ' ')" = 'a.jpg b.jpg c.jpg '
        mkdir -p "$2" && cp -R made/prod/pics/. "$2"
        """
    build = """\
        #!/bin/sh
        set -e
        test -f "$1/gallery-metadata.json"
        mkdir -p "$2" && cp -R made/prod/site/. "$2"
        """
    repository.write("process-photos.sh", textwrap.dedent(process), 0o755)
    repository.write("build-site.sh", textwrap.dedent(build), 0o755)

    log = run("everything", "push")

    assert keys() == made.keys() | SITE | RECORDS
    assert "::notice::14 files uploaded, see https://photos.example.org" in log


def test_deploy_aws(repository, run, keys, made, server):
    """Without keys: the job's token takes the role, and its session deploys."""
    with (
        oidc.issuer(f"repo:{NAME}:environment:production") as issuer,
        sts.sts(server, issuer) as service,
    ):
        del repository.variables["S3_ENDPOINT"]
        repository.environ = issuer.environ | {"AWS_ENDPOINT_URL": service.server.endpoint}
        log = run("deploy-aws", "push")
        assert keys() == made.keys() | SITE | RECORDS
        assert [each.asked["RoleArn"] for each in service.sessions] == [sts.ROLE]
        assert service.strangers == []
        assert not [each for each in (*issuer.tokens, *service.secrets()) if each in log]


@pytest.mark.parametrize(
    ("provider", "secret", "zone"),
    [
        ("bunny", "BUNNY_API_KEY", ("123456", cdns.PULL_ZONE)),
        ("cloudflare", "CLOUDFLARE_API_TOKEN", ("0123456789abcdef0123456789abcdef", cdns.ZONE)),
    ],
)
def test_behind_a_cdn(repository, run, made, server, bucket, provider, secret, zone):
    """Visitors see a new page at once, and the job has looked whether they do."""
    token = {"bunny": cdns.BUNNY_KEY, "cloudflare": cdns.CLOUDFLARE_TOKEN}[provider]
    repository.secrets[secret] = token
    name = f"{EXAMPLES}/deploy-{provider}.yml"
    text = (repository.root / name).read_text("utf-8")
    assert zone[0] in text
    repository.write(name, text.replace(*zone))
    with internet.served(server, bucket) as outside:
        repository.write("authority.pem", outside.authority)
        repository.environ = outside.environ | {"SSL_CERT_FILE": "authority.pem"}
        run(f"deploy-{provider}", "push")
        before = outside.see("/")
        (made.site / "index.html").write_bytes(b"<!doctype html><title>Changed</title>")
        log = run(f"deploy-{provider}", "push")
        assert outside.see("/") != before
    assert "as it was sent" in log
    assert token not in log


def test_approval(repository, run, keys, made, server, bucket):
    """The second job deploys the plan of the first; with nothing to do it is not even started."""
    log = run("approval", "push")
    assert keys() == made.keys() | SITE | RECORDS
    assert "Dry run completed - no files were uploaded" in log
    assert "expected-plan" not in log
    before = servers.listing(server, bucket)
    log = run("approval", "push")
    assert "Photos to upload: 0" in log
    assert "[Deploy the gallery after approval/deploy]" not in log
    assert servers.listing(server, bucket) == before


def test_approval_of_another_plan(repository, run, keys):
    """What came after the plan was made is not deployed, whoever approved it."""
    script = (
        "#!/bin/sh\nset -e\nrm -rf prod\ncp -R made/prod prod\ndate +%s%N >prod/site/new.html\n"
    )
    repository.write("make-gallery.sh", script, 0o755)
    log = run("approval", "push", status=1)
    assert "Error: The plan is not the expected one: nothing was written" in log
    assert keys() == set()


def test_reusable_workflow(repository, keys, made, tmp_path):
    """Called as a job: inputs, secrets and the user's command go in, outputs come out."""
    name = ".github/workflows/deploy-gallery.yml"
    repository.write(name, (ROOT / name).read_text("utf-8"))
    repository.write(".github/workflows/call.yml", CALL)
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing/action.yml").write_text(NOTHING)
    repository.actions[ARTIFACTS] = tmp_path / "nothing"
    ran = repository.run("push", ".github/workflows/call.yml")
    assert ran.returncode == 0, ran.stdout
    assert "uploaded 14 in metadata mode" in ran.stdout
    assert keys() == made.keys("pictures") | SITE | RECORDS
