"""The inputs of the action, one table: the command line, ``action.yml`` and the README follow it.

An input is asked for under several names: ``dry-run`` as flag and action input,
``GALLERIA_DRY_RUN`` in the environment, ``DRY_RUN`` in the settings file.
"""

from __future__ import annotations

from galleria_action.declaration import Input, Kind

GALLERY, SCOPE, BUCKET, KEYS, CDN, SAFETY, PULL_REQUESTS, OUTPUT = (
    "the gallery",
    "what to do",
    "the bucket",
    "keys and headers",
    "after the deployment",
    "safety",
    "pull requests",
    "reports and progress",
)


def _boolean(name: str, group: str, default: str, text: str) -> Input:
    return Input(name, text, default, Kind.BOOLEAN, group)


INPUTS: tuple[Input, ...] = (
    Input(
        "source",
        "Folder of the static site.",
        "prod/site",
        group=GALLERY,
        setting="OUTPUT_DIR",
        short="s",
    ),
    Input(
        "photos-dir",
        "Folder of the processed photos, with `full/`, `web/` and `thumb/`.",
        "prod/pics",
        group=GALLERY,
    ),
    Input(
        "metadata-file",
        "The manifest. If it is named it must exist.",
        "<photos-dir>/gallery-metadata.json",
        group=GALLERY,
    ),
    Input(
        "exclude",
        "Globs of local files to leave out, one a line. `.git`, `.env*`, the settings file, "
        "`report-dir`, `.DS_Store` and `Thumbs.db` are always left out.",
        kind=Kind.LINES,
        group=GALLERY,
    ),
    _boolean("dry-run", SCOPE, "false", "Show the plan and write nothing to the bucket."),
    _boolean(
        "photos-only",
        SCOPE,
        "false",
        "Deploy photos and manifest only; site files are neither compared, written nor deleted.",
    ),
    _boolean(
        "site-only",
        SCOPE,
        "false",
        "Deploy the site only; photos and manifest are neither compared, written nor deleted.",
    ),
    _boolean(
        "force", SCOPE, "false", "Upload every object of the scope, whatever the comparison says."
    ),
    Input(
        "shard",
        "Part of the photos to upload, `i/n` such as `3/20`, for jobs that share a large upload; "
        "nothing is committed. A run without it, after them all, does the rest.",
        group=SCOPE,
    ),
    Input(
        "s3-endpoint",
        "URL of the S3-compatible service, such as `https://fsn1.your-objectstorage.com`. "
        "None means AWS.",
        group=BUCKET,
        setting="S3_PUBLIC_ENDPOINT",
    ),
    Input(
        "s3-access-key",
        "Access key ID. On AWS, none means the default credentials chain.",
        group=BUCKET,
        setting="S3_PUBLIC_ACCESS_KEY",
        secret=True,
    ),
    Input(
        "s3-secret-key",
        "Secret access key.",
        group=BUCKET,
        setting="S3_PUBLIC_SECRET_KEY",
        secret=True,
    ),
    Input(
        "s3-session-token",
        "Session token of temporary credentials.",
        group=BUCKET,
        setting="S3_PUBLIC_SESSION_TOKEN",
        secret=True,
    ),
    Input(
        "s3-bucket", "Name of the bucket. Always needed.", group=BUCKET, setting="S3_PUBLIC_BUCKET"
    ),
    Input(
        "s3-region",
        "Region of the bucket. None: taken from the endpoint's name or the AWS configuration.",
        group=BUCKET,
        setting="S3_PUBLIC_REGION",
    ),
    Input(
        "public-url",
        "URL of the bucket's root as visitors see it, for links, purges and `verify`.",
        group=BUCKET,
    ),
    Input(
        "settings-file",
        "File of literal `NAME = value` lines, read and never executed; ignored on pull requests "
        "from forks, `pull_request_target` and `workflow_run`.",
        "settings.local.py if it exists",
        group=BUCKET,
    ),
    Input(
        "photos-prefix",
        "Folder of the photos in the bucket; `/` means the bucket's root.",
        "photos",
        group=KEYS,
    ),
    Input(
        "site-prefix",
        "Folder of the site in the bucket; `/` means the bucket's root.",
        "/",
        group=KEYS,
    ),
    Input(
        "metadata-key",
        "Key of the deployed manifest. It names the gallery; several may share a bucket.",
        "gallery-metadata.json",
        group=KEYS,
    ),
    Input(
        "cache-control",
        "Lines of `glob: value`; the first that matches a file's key or name decides its "
        "Cache-Control.",
        "one day for photos, revalidation for pages, one hour for other site files",
        kind=Kind.LINES,
        group=KEYS,
    ),
    _boolean(
        "redact-paths",
        KEYS,
        "true",
        "Publish an absolute `original_path` of the manifest as its file name.",
    ),
    _boolean(
        "strip-gps",
        KEYS,
        "false",
        "Publish every photo without the position it was taken at, EXIF and XMP. A file whose "
        "position can neither be removed nor ruled out is an error.",
    ),
    _boolean(
        "invalidate-cdn",
        CDN,
        "false",
        "Purge what changed from the CDN, once it is live. Needs `cdn-provider`, `cdn-id` and "
        "`public-url`.",
    ),
    Input("cdn-provider", "The CDN: `bunny`, `cloudfront` or `cloudflare`.", group=CDN),
    Input(
        "cdn-id",
        "Number of the pull zone (bunny), ID of the distribution (cloudfront) or of the zone "
        "(cloudflare).",
        group=CDN,
    ),
    Input(
        "cdn-token",
        "API key of the CDN. CloudFront needs none: it takes the AWS credentials.",
        group=CDN,
        secret=True,
    ),
    _boolean(
        "verify",
        CDN,
        "false",
        "Look after the deployment whether the bucket holds it, and whether visitors get it if "
        "there is a `public-url`.",
    ),
    _boolean(
        "delete", SAFETY, "true", "Delete photo objects of this gallery that it no longer contains."
    ),
    _boolean(
        "delete-stale-site",
        SAFETY,
        "false",
        "Delete site files of earlier deployments that the site no longer contains.",
    ),
    Input(
        "max-deletes",
        "The most photos, and the most site files, that one deployment may delete: a count, or a "
        "share of what is deployed. A share always allows 10 but never everything.",
        "25%",
        group=SAFETY,
    ),
    Input(
        "expected-plan",
        "Refuse unless the plan's hash is this one.",
        group=SAFETY,
    ),
    _boolean(
        "require-reviewed-plan",
        SAFETY,
        "false",
        "Deploy only the plan that was posted on the pull request which this commit merged.",
    ),
    Input(
        "comment",
        "When the plan is posted on its pull request: `always`, `changes` (if it changes "
        "something, or another plan stands there) or `off`.",
        "changes",
        group=PULL_REQUESTS,
    ),
    Input(
        "github-token",
        "Token that writes and reads these comments; the job needs `pull-requests: write`.",
        "the job's token",
        group=PULL_REQUESTS,
        secret=True,
    ),
    Input("concurrency", "Uploads in flight.", "32", group=OUTPUT),
    _boolean("progress", OUTPUT, "false", "Print a line for every object."),
    Input(
        "report-dir",
        "Workspace folder for `plan.json` and `plan.md`.",
        "galleria-report",
        group=OUTPUT,
    ),
)

BY_NAME = {each.name: each for each in INPUTS}

OUTPUTS: dict[str, str] = {
    "mode": "`metadata` or `directory`.",
    "changes": "`true` if the plan writes or deletes anything, else `false`.",
    "photos-to-upload": "Photos with at least one object to upload.",
    "photos-to-delete": "Photos that the deployment removes; "
    "old files of photos that stay are not counted.",
    "photos-unchanged": "Photos with nothing to upload.",
    "site-to-upload": "Site files to upload.",
    "site-to-delete": "Site files to delete.",
    "site-unchanged": "Site files with nothing to upload.",
    "uploaded-files": "Objects uploaded, the manifest included.",
    "deleted-files": "Objects deleted.",
    "uploaded-bytes": "Bytes of the objects uploaded.",
    "plan-hash": "SHA-256 of the plan; the same plan has the same hash in every run.",
    "plan-path": "Path of `plan.json`, relative to the workspace.",
    "report-path": "Path of the plan to read, relative to the workspace.",
    "url": "Address of the site: `public-url` and `site-prefix`.",
    "failure-reason": "Why the run failed; empty if it did not.",
}
