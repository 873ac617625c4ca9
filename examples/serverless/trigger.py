"""An AWS Lambda function: photos arrived in the bucket of originals, so start the workflow, once.

The bucket reports every new object to a queue, and the queue calls this function. Each batch of
reports raises a counter in a table and sends a check to the same queue, to be delivered after the
quiet time. A check that finds the counter as it left it knows that nothing has arrived since, and
sends one `repository_dispatch` to GitHub; any other check leaves that to a later one.

What always holds: after the last report a dispatch follows, for every report is followed by its
check, and every check by a dispatch that comes later. A function that is killed anywhere is called
again with the same messages. The worst that a repetition does is a second dispatch, and a second
run of the workflow finds nothing to do.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event
"""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

KEY = {"id": {"S": "photos"}}
HTTP_SECONDS = 10
PAUSES = (1.0, 4.0)
"""Seconds before the second and the third try; after that the queue tries again, minutes later."""
ADVICE = {
    401: "the token is wrong or has expired",
    403: "the token may not do this; it needs the permission Contents: write on the repository",
    404: "there is no such repository, or the token does not reach it",
    422: "the event type or its payload is not what GitHub takes",
}


class NotDispatchedError(Exception):
    """GitHub did not take the event. The text is safe to log."""


@dataclass(frozen=True)
class Settings:
    """Where everything is. The token is not here: it is read when it is needed."""

    repository: str
    event_type: str
    table: str
    queue_url: str
    token_parameter: str
    quiet_seconds: int
    max_wait_seconds: int
    api: str

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        return cls(
            repository=environ["REPOSITORY"],
            event_type=environ["EVENT_TYPE"],
            table=environ["TABLE"],
            queue_url=environ["QUEUE_URL"],
            token_parameter=environ["TOKEN_PARAMETER"],
            quiet_seconds=int(environ["QUIET_SECONDS"]),
            max_wait_seconds=int(environ["MAX_WAIT_SECONDS"]),
            api=environ["GITHUB_API_URL"].rstrip("/"),
        )


@cache
def client(service: str) -> Any:
    """A client of an AWS service, kept from call to call."""
    return boto3.client(service)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """What Lambda calls with messages of the queue; gives those to be delivered again."""
    settings = Settings.read(os.environ)
    bodies = {each["messageId"]: _body(each["body"]) for each in event["Records"]}
    # Reports come before checks, for a check must not overlook what arrived beside it.
    if arrived := sum(_photos(body) for body in bodies.values()):
        notice(settings, arrived)
    failed = []
    for message, body in bodies.items():
        if isinstance(body.get("check"), int):
            try:
                answer(settings, body["check"])
            except NotDispatchedError as error:
                print(f"Not dispatched: {error}")
                failed.append({"itemIdentifier": message})
    return {"batchItemFailures": failed}


def notice(settings: Settings, photos: int) -> None:
    """Remember that something arrived, and have it checked after the quiet time."""
    changed = client("dynamodb").update_item(
        TableName=settings.table,
        Key=KEY,
        UpdateExpression="SET since = if_not_exists(since, :now) ADD latest :one",
        ExpressionAttributeValues={":now": _number(time.time()), ":one": _number(1)},
        ReturnValues="UPDATED_NEW",
    )
    latest = int(changed["Attributes"]["latest"]["N"])
    client("sqs").send_message(
        QueueUrl=settings.queue_url,
        MessageBody=json.dumps({"check": latest}),
        DelaySeconds=settings.quiet_seconds,
    )
    print(f"Arrival {latest}: {photos} files")


def answer(settings: Settings, check: int) -> None:
    """Dispatch if nothing arrived after ``check``, or if the first arrival waits for too long.

    Raises NotDispatchedError.
    """
    state = client("dynamodb").get_item(TableName=settings.table, Key=KEY, ConsistentRead=True)
    item = {name: int(value["N"]) for name, value in state.get("Item", {}).items() if "N" in value}
    latest = item.get("latest", 0)
    waited = time.time() - item.get("since", time.time())
    if check <= item.get("answered", 0):
        return
    if check < latest and waited < settings.max_wait_seconds:
        return
    dispatch(settings, _token(settings), {"arrival": latest})
    print(f"Dispatched {settings.event_type} to {settings.repository}: arrival {latest}")
    _mark(settings, latest)


def _mark(settings: Settings, latest: int) -> None:
    """The dispatch answers every arrival up to ``latest``; one that came meanwhile waits anew."""
    database = client("dynamodb")
    try:
        database.update_item(
            TableName=settings.table,
            Key=KEY,
            UpdateExpression="SET answered = :latest REMOVE since",
            ConditionExpression="latest = :latest",
            ExpressionAttributeValues={":latest": _number(latest)},
        )
    except database.exceptions.ConditionalCheckFailedException:
        database.update_item(
            TableName=settings.table,
            Key=KEY,
            UpdateExpression="SET answered = :latest, since = :now",
            ExpressionAttributeValues={":latest": _number(latest), ":now": _number(time.time())},
        )


def dispatch(
    settings: Settings,
    token: str,
    payload: Mapping[str, Any],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Send one `repository_dispatch`. Raises NotDispatchedError."""
    request = urllib.request.Request(  # noqa: S310 - the address is the template's, https only
        f"{settings.api}/repos/{settings.repository}/dispatches",
        data=json.dumps({"event_type": settings.event_type, "client_payload": payload}).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "User-Agent": "galleria-trigger",
            "X-GitHub-Api-Version": "2022-11-28",
        },
        method="POST",
    )
    for pause in (*PAUSES, None):
        try:
            with _OPENER.open(request, timeout=HTTP_SECONDS):
                return
        except urllib.error.HTTPError as error:
            with error:
                why = f"GitHub answers {error.code}{_message(error)}"
                if error.code < 500 and error.code != 429:
                    why += f": {ADVICE.get(error.code, 'see the message')} ({settings.repository})"
                    raise NotDispatchedError(why) from None
        except (OSError, http.client.HTTPException) as error:
            why = f"GitHub cannot be reached: {type(error).__name__}"
        if pause is not None:
            sleep(pause)
    raise NotDispatchedError(why)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token to another place, and turn the POST into a GET."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


def _token(settings: Settings) -> str:
    """The token, read anew: one that was replaced is used at once. It is in no message."""
    name = settings.token_parameter
    try:
        found = client("ssm").get_parameter(Name=name, WithDecryption=True)
    except ClientError as error:
        why = error.response["Error"]["Code"]
        raise NotDispatchedError(f"the parameter {name} cannot be read: {why}") from None
    token = str(found["Parameter"]["Value"]).strip()
    # http.client would quote a header that it cannot send, the token with it.
    if not (token.isascii() and token.isprintable() and token and " " not in token):
        raise NotDispatchedError(f"the parameter {name} does not hold a token")
    return token


def _message(error: urllib.error.HTTPError) -> str:
    """GitHub's own words, as one short line."""
    try:
        text = str(json.loads(error.read(10_000))["message"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return ""
    return f" {json.dumps(text[:200])}"


def _body(text: str) -> dict[str, Any]:
    """The document in a message; nothing if it is none of ours."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        print("A message that is neither a report nor a check is left out.")
        return {}
    return body


def _photos(body: Mapping[str, Any]) -> int:
    """How many files the report says were created; the bucket's test event says none."""
    records: Iterable[Any] = body.get("Records") or ()
    return sum(_is_arrival(each) for each in records)


def _is_arrival(record: Mapping[str, Any]) -> bool:
    if record.get("eventSource") != "aws:s3":
        return False
    # A key that ends with a slash is the console's way to show an empty folder.
    created = str(record.get("eventName", "")).startswith("ObjectCreated:")
    return created and not record["s3"]["object"]["key"].endswith("/")


def _number(value: float) -> dict[str, str]:
    return {"N": str(int(value))}
