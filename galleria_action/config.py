"""The configuration of one run: texts from flags, environment and settings file made values.

Knows nothing of where the texts came from: the caller passes mappings.
"""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import quote

from galleria_action import bucket, cdn_config, keys, role, shard
from galleria_action.bucket import Bucket
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.event import Event
from galleria_action.invalidation import Provider
from galleria_action.reader import Reader
from galleria_action.role import Role
from galleria_action.shard import Shard
from galleria_action.sources import Sources
from galleria_action.values import Discreet, Struct

MOST_CONCURRENT = 256


class MaxDeletes(Struct, frozen=True):
    """A limit of deletes: a count, or a share (0 to 1) of what is deployed."""

    count: int | None = None
    share: float | None = None

    def allows(self, deletes: int, deployed: int) -> bool:
        """A share always allows 10, but never everything that is deployed."""
        if not deletes:
            return True
        if self.count is not None:
            return deletes <= self.count
        return deletes < deployed and deletes <= max(10, int(deployed * (self.share or 0) + 1e-6))

    def __str__(self) -> str:
        return str(self.count) if self.share is None else f"{self.share * 100:g}%"


class Comment(StrEnum):
    """When the plan is posted on its pull request.

    ``changes``: if the plan changes something, or a comment is there that says something else.
    """

    ALWAYS = "always"
    CHANGES = "changes"
    OFF = "off"


class Config(Discreet, frozen=True):
    """Everything a run is asked to do. Paths are as given, prefixes without outer slashes."""

    unshown = frozenset({"cdn_token", "github_token"})

    bucket: Bucket
    role_to_assume: str | None = None
    audience: str = role.AUDIENCE
    role_session_name: str = role.SESSION_NAME
    role_duration: int = role.DURATION
    source: str = "prod/site"
    photos_dir: str = "prod/pics"
    metadata_file: str | None = None
    exclude: tuple[str, ...] = ()
    dry_run: bool = False
    photos_only: bool = False
    site_only: bool = False
    force: bool = False
    shard: Shard | None = None
    public_url: str | None = None
    photos_prefix: str = "photos"
    site_prefix: str = ""
    metadata_key: str = "gallery-metadata.json"
    cache_control: tuple[tuple[str, str], ...] = ()
    redact_paths: bool = True
    strip_gps: bool = False
    invalidate_cdn: bool = False
    cdn_provider: Provider | None = None
    cdn_id: str | None = None
    cdn_token: str | None = None
    verify: bool = False
    delete: bool = True
    delete_stale_site: bool = False
    max_deletes: MaxDeletes = MaxDeletes(share=0.25)
    expected_plan: str | None = None
    require_reviewed_plan: bool = False
    comment: Comment = Comment.CHANGES
    github_token: str | None = None
    concurrency: int = 32
    progress: bool = False
    report_dir: str = "galleria-report"
    settings_file: str | None = None

    @property
    def role(self) -> Role | None:
        """The role to take instead of keys."""
        if self.role_to_assume is None:
            return None
        return Role(self.role_to_assume, self.audience, self.role_session_name, self.role_duration)

    @property
    def ledger_key(self) -> str:
        return keys.ledger(self.metadata_key)

    @property
    def url(self) -> str:
        """Address of the site, '' if ``public-url`` is not given."""
        if not self.public_url:
            return ""
        folder = f"/{quote(self.site_prefix)}/" if self.site_prefix else ""
        return self.public_url + folder


def parse(sources: Sources, event: Event) -> Config:
    """The configuration, or a :class:`DeployError` that names every fault at once."""
    reader = _Reader(sources)
    photos_only, site_only = reader.boolean("photos-only"), reader.boolean("site-only")
    if photos_only and site_only:
        reader.fault("photos-only and site-only exclude each other: set one of them at most")
    arn = role.read_arn(reader)
    target = bucket.read(reader, signs_in=arn is not None)
    dry_run = reader.boolean("dry-run") or (event.without_secrets and not target.access_key)
    secrets = not event.without_secrets
    cdn = cdn_config.read(reader, sources, dry_run=dry_run, secrets=secrets)
    config = Config(
        bucket=target,
        role_to_assume=arn,
        audience=reader.text("audience", role.AUDIENCE),
        role_session_name=role.read_session_name(reader),
        role_duration=role.read_duration(reader),
        source=reader.text("source", "prod/site"),
        photos_dir=reader.text("photos-dir", "prod/pics"),
        metadata_file=sources.text("metadata-file"),
        exclude=reader.lines("exclude"),
        dry_run=dry_run,
        photos_only=photos_only,
        site_only=site_only,
        force=reader.boolean("force"),
        shard=reader.shard(site_only=site_only),
        public_url=reader.url("public-url"),
        photos_prefix=reader.prefix("photos-prefix", "photos"),
        site_prefix=reader.prefix("site-prefix", "/"),
        metadata_key=reader.key("metadata-key", "gallery-metadata.json"),
        cache_control=reader.cache_control(),
        redact_paths=reader.boolean("redact-paths", default=True),
        strip_gps=reader.boolean("strip-gps"),
        invalidate_cdn=cdn.invalidate,
        cdn_provider=cdn.provider,
        cdn_id=cdn.id,
        cdn_token=cdn.token,
        verify=reader.boolean("verify"),
        delete=reader.boolean("delete", default=True),
        delete_stale_site=reader.boolean("delete-stale-site"),
        max_deletes=reader.max_deletes(),
        expected_plan=sources.text("expected-plan"),
        require_reviewed_plan=reader.boolean("require-reviewed-plan"),
        comment=reader.choice("comment", Comment.CHANGES),
        github_token=sources.text("github-token"),
        concurrency=reader.concurrency(),
        progress=reader.boolean("progress"),
        report_dir=reader.text("report-dir", "galleria-report"),
        settings_file=sources.text("settings-file"),
    )
    missing = bucket.missing(target, signs_in=arn is not None)
    reader.finish([] if event.without_secrets else missing)
    if event.only_dry_runs and not config.dry_run:
        raise DeployError(
            FailureReason.UNSAFE_EVENT,
            f"Error: deployments on {event.name} are not allowed",
            advice="Anybody who opens a pull request can start this event with the secrets of "
            "the repository. Set dry-run: true here, and deploy on push to the main branch.",
        )
    return config


class _Reader(Reader):
    """Reads the values that only a deployment has."""

    def finish(self, missing: list[str]) -> None:
        """Raise what was collected; wrong values before ``missing`` ones."""
        if self.faults:
            raise DeployError(
                FailureReason.CONFIG,
                "Error: Invalid configuration",
                problems=[Problem(message) for message in self.faults],
            )
        if missing:
            raise DeployError(
                FailureReason.CONFIG,
                "Error: Missing S3 configuration\n"
                "Please configure S3 settings in settings.local.py or environment variables:",
                problems=[Problem(name) for name in missing],
                advice=f"{self._hint()}In a workflow, pass them as inputs from secrets:",
                paste="s3-bucket: ${{ vars.S3_BUCKET }}\n"
                "s3-secret-key: ${{ secrets.S3_SECRET_KEY }}",
            )

    def _hint(self) -> str:
        if self._sources.text("s3-endpoint"):
            return ""
        return "Without GALLERIA_S3_PUBLIC_ENDPOINT the bucket is looked for on AWS.\n"

    def cache_control(self) -> tuple[tuple[str, str], ...]:
        rules = []
        for line in self.lines("cache-control"):
            glob, colon, value = (part.strip() for part in line.partition(":"))
            if not colon or not glob or not value:
                self.fault(f"cache-control needs lines of 'glob: value', not {line!r}")
            elif not value.isascii() or not value.isprintable():
                self.fault(f"cache-control has letters that no header can carry: {line!r}")
            else:
                rules.append((glob, value))
        return tuple(rules)

    def max_deletes(self) -> MaxDeletes:
        text = self.text("max-deletes", "25%")
        if re.fullmatch(r"[0-9]{1,12}", text):
            return MaxDeletes(count=int(text))
        share = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]+)?) ?%", text)
        if share and float(share[1]) <= 100:
            return MaxDeletes(share=float(share[1]) / 100)
        self.fault(f"max-deletes must be a count such as 20 or a share such as 25%, not {text!r}")
        return MaxDeletes(count=0)

    def shard(self, *, site_only: bool) -> Shard | None:
        text = self._sources.text("shard")
        if text is None:
            return None
        if site_only:
            self.fault("shard and site-only exclude each other: jobs share photos alone")
        found = shard.parse(text)
        if found is None:
            self.fault(
                f"shard must be i/n such as 3/20, with i from 1 to n and n up to {shard.MOST}, "
                f"not {text!r}"
            )
        return found

    def concurrency(self) -> int:
        text = self.text("concurrency", "32")
        if re.fullmatch(r"[0-9]{1,6}", text) and 1 <= int(text) <= MOST_CONCURRENT:
            return int(text)
        self.fault(f"concurrency must be a number from 1 to {MOST_CONCURRENT}, not {text!r}")
        return 1
