"""The Lambda function of examples/serverless: real clients, a server that plays AWS, and one that
plays GitHub, both on loopback. The poller of these tests does what Lambda's does with a queue.
"""

from __future__ import annotations

import http.server
import json
import shutil
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest
import yaml
from support.readme_tables import ROOT

from examples.serverless import trigger

FOLDER = ROOT / "examples/serverless"
EVENTS = ROOT / "tests/data/s3-events"
TOKEN = "github_pat_11AAAAAAA0aaaaaaaaaaaa"
ARRIVALS = {"put": 1, "multipart-with-odd-key": 1, "copy-of-two": 2}
"""Documents of photos that arrived, and how many; the other documents tell of none."""
OTHERS = sorted({file.stem for file in EVENTS.glob("*.json")} - ARRIVALS.keys())
POLLED = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
"""What Lambda itself does with the function's role, besides logging."""


def document(name: str) -> str:
    return (EVENTS / f"{name}.json").read_text("utf-8")


class GitHub:
    """Answers to POST /repos/…/dispatches, with the statuses given, then 204."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.headers: dict[str, str] = {}
        self.message = "Server Error"
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((f"POST {self.path}", dict(self.headers), body))
                status = outer.statuses.pop(0) if outer.statuses else 204
                if status == 0:  # the connection ends without an answer
                    self.close_connection = True
                    return
                self.send_response(status)
                text = b"" if status == 204 else json.dumps({"message": outer.message}).encode()
                for name, value in {**outer.headers, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self) -> None:
                outer.requests.append((f"GET {self.path}", dict(self.headers), b""))
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def github():
    server = GitHub()
    yield server
    server.stop()


class Cloud:
    """The stack, with a queue whose messages are handed to the function when a test says so."""

    def __init__(self, endpoint: str, github: GitHub, environment: pytest.MonkeyPatch) -> None:
        name = f"gallery-{uuid.uuid4().hex[:12]}"
        for key, value in {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "REPOSITORY": "someone/gallery",
            "EVENT_TYPE": "photos-arrived",
            "TABLE": name,
            "TOKEN_PARAMETER": f"/{name}/github-token",
            "QUIET_SECONDS": "0",
            "MAX_WAIT_SECONDS": "3600",
            "GITHUB_API_URL": github.url,
        }.items():
            environment.setenv(key, value)
        trigger.client.cache_clear()
        environment.setattr(trigger, "PAUSES", (0.01, 0.01))
        self.sqs = trigger.client("sqs")
        self.queue = self.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})[
            "QueueUrl"
        ]
        environment.setenv("QUEUE_URL", self.queue)
        trigger.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        self.table, self.parameter = name, f"/{name}/github-token"
        self.store(TOKEN)

    def store(self, token: str) -> None:
        trigger.client("ssm").put_parameter(
            Name=self.parameter, Value=token, Type="SecureString", Overwrite=True
        )

    def arrive(self, *documents: str) -> None:
        for each in documents:
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=each)

    def poll(self, wait: int = 0) -> int:
        """One batch, as Lambda takes it: what was not reported as failed is deleted."""
        found = self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=wait
        ).get("Messages", [])
        if not found:
            return 0
        self.call(found)
        return len(found)

    def call(self, messages: list[dict]) -> dict:
        records = [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1523232000000",
                    "SenderId": "123456789012",
                    "ApproximateFirstReceiveTimestamp": "1523232000001",
                },
                "messageAttributes": {},
                "md5OfBody": each["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:MyQueue",
                "awsRegion": "eu-central-1",
            }
            for each in messages
        ]
        answer = trigger.handler({"Records": records}, None)
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for each in messages:
            if each["MessageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=each["ReceiptHandle"])
        return answer

    def settle(self) -> None:
        """Poll until the queue is empty, delayed messages and those in flight included."""
        deadline = time.monotonic() + 10
        while self.waiting():
            assert time.monotonic() < deadline
            self.poll(wait=1)

    def waiting(self) -> int:
        counts = self.sqs.get_queue_attributes(
            QueueUrl=self.queue,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesDelayed",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )["Attributes"]
        return sum(int(each) for each in counts.values())

    def state(self) -> dict[str, int]:
        item = trigger.client("dynamodb").get_item(TableName=self.table, Key=trigger.KEY)
        return {name: int(each["N"]) for name, each in item.get("Item", {}).items() if "N" in each}


@pytest.fixture
def cloud(moto, github, monkeypatch):
    yield Cloud(moto.endpoint, github, monkeypatch)
    trigger.client.cache_clear()


def settings(api: str) -> trigger.Settings:
    return trigger.Settings("someone/gallery", "photos-arrived", "t", "q", "/p", 1, 60, api)


class TestArrivals:
    """From documents of the bucket to one event for GitHub."""

    def test_many_photos_start_one_run(self, cloud, github, monkeypatch):
        """Photos in several batches; one event, with what GitHub's documentation asks for."""
        monkeypatch.setenv("QUIET_SECONDS", "1")
        for _ in range(3):
            cloud.arrive(*(document(name) for name in ARRIVALS))
            cloud.poll()
        cloud.settle()
        ((line, headers, body),) = github.requests
        assert line == "POST /repos/someone/gallery/dispatches"
        assert headers["Authorization"] == f"Bearer {TOKEN}"
        assert headers["Accept"] == "application/vnd.github+json"
        assert headers["User-Agent"]
        sent = json.loads(body)
        assert sent == {"event_type": "photos-arrived", "client_payload": {"arrival": 3}}

    @pytest.mark.parametrize("name", sorted(ARRIVALS))
    def test_what_arrived_is_counted(self, cloud, capsys, name):
        cloud.arrive(document(name))
        cloud.poll()
        assert capsys.readouterr().out == f"Arrival 1: {ARRIVALS[name]} files\n"

    @pytest.mark.parametrize(
        "body",
        [
            *(document(name) for name in OTHERS),
            *("no JSON", "[]", "1", "null", '{"Records": null}', '{"check": "1"}'),
            '{"Records": [{"eventSource": "aws:sns"}]}',
        ],
    )
    def test_anything_else_starts_nothing(self, cloud, github, body):
        """Deleted and restored objects, folders, the test event, other people's messages: they
        are taken from the queue and forgotten."""
        cloud.arrive(body)
        assert cloud.poll() == 1
        assert cloud.state() == {}
        assert cloud.waiting() == 0
        assert github.requests == []

    def test_each_upload_starts_a_run(self, cloud, github):
        """After the quiet time the next photo starts another run."""
        for _ in range(2):
            cloud.arrive(document("put"))
            cloud.settle()
        assert [json.loads(body)["client_payload"] for *_, body in github.requests] == [
            {"arrival": 1},
            {"arrival": 2},
        ]

    def test_a_check_waits_for_what_arrives_beside_it(self, cloud, github):
        """A batch with a check and a new report: the check leaves the run to the next."""
        cloud.arrive(document("put"))
        cloud.poll()
        cloud.arrive(document("put"))
        assert cloud.poll() == 2
        assert github.requests == []
        cloud.settle()
        assert len(github.requests) == 1

    def test_an_upload_without_end_starts_runs_too(self, cloud, github, monkeypatch):
        """Photos keep arriving: after the longest wait a check does not leave it to the next."""
        monkeypatch.setenv("QUIET_SECONDS", "1")
        monkeypatch.setenv("MAX_WAIT_SECONDS", "1")
        until = time.monotonic() + 4.5
        while time.monotonic() < until:
            cloud.arrive(document("put"))
            cloud.poll()
            time.sleep(0.2)
        during = len(github.requests)
        assert 1 <= during <= 4
        cloud.settle()
        last = json.loads(github.requests[-1][2])["client_payload"]["arrival"]
        assert cloud.state() == {"latest": last, "answered": last}

    def test_messages_that_come_twice(self, cloud, github):
        """A queue may deliver a message again: no second run for a check that was answered."""
        cloud.arrive(document("put"))
        cloud.settle()
        cloud.arrive(json.dumps({"check": 1}))
        cloud.settle()
        assert len(github.requests) == 1

    def test_what_arrives_while_github_is_called(self, cloud, github, monkeypatch):
        """It is not taken for answered: another run follows."""
        dispatch = trigger.dispatch

        def slow(*given) -> None:
            monkeypatch.setattr(trigger, "dispatch", dispatch)
            dispatch(*given)
            trigger.notice(given[0], 1)

        monkeypatch.setattr(trigger, "dispatch", slow)
        cloud.arrive(document("put"))
        cloud.poll()
        cloud.poll(wait=1)
        assert cloud.state().items() >= {"latest": 2, "answered": 1}.items()
        assert "since" in cloud.state()  # its own wait has begun
        cloud.settle()
        assert len(github.requests) == 2
        assert cloud.state() == {"latest": 2, "answered": 2}


class TestFailures:
    """What GitHub answers instead of 204."""

    @pytest.mark.parametrize("statuses", [[500], [502, 503], [0], [429, 0]])
    def test_passing_faults_are_tried_again(self, cloud, github, statuses):
        """Within the same call, and only one of the requests succeeds."""
        github.statuses = list(statuses)
        cloud.arrive(document("put"))
        cloud.settle()
        assert len(github.requests) == len(statuses) + 1
        assert len({body for *_, body in github.requests}) == 1

    @pytest.mark.parametrize(
        ("status", "advice"),
        [
            (401, "the token is wrong or has expired"),
            (403, "it needs the permission Contents: write"),
            (404, "there is no such repository"),
            (422, "is not what GitHub takes"),
        ],
    )
    def test_refusals_are_said_and_not_repeated(self, github, status, advice):
        """The message says what to do, and holds the words of GitHub as one harmless line."""
        github.statuses = [status]
        github.message = "Bad\n::error::credentials" + "x" * 500
        with pytest.raises(trigger.NotDispatchedError) as caught:
            trigger.dispatch(settings(github.url), TOKEN, {})
        assert str(caught.value).startswith(f'GitHub answers {status} "Bad\\n::error::')
        assert advice in str(caught.value)
        assert len(str(caught.value)) < 400
        assert "\n" not in str(caught.value)
        assert len(github.requests) == 1

    def test_a_fault_that_lasts_leaves_the_message_in_the_queue(self, cloud, github, capsys):
        """It is delivered again later, and then succeeds."""
        github.statuses = [500, 500, 500]
        cloud.arrive(document("put"))
        cloud.settle()
        assert len(github.requests) == 4
        assert 'Not dispatched: GitHub answers 500 "Server Error"' in capsys.readouterr().out
        assert cloud.state() == {"latest": 1, "answered": 1}

    def test_a_redirect_is_not_followed(self, github):
        """The token goes to no other place, and the POST becomes no GET."""
        for status in (301, 302, 307, 308):
            github.statuses = [status]
            github.headers = {"Location": f"{github.url}/elsewhere"}
            github.requests.clear()
            with pytest.raises(trigger.NotDispatchedError, match=f"answers {status}"):
                trigger.dispatch(settings(github.url), TOKEN, {})
            assert [line for line, *_ in github.requests] == [
                "POST /repos/someone/gallery/dispatches"
            ]

    def test_nobody_answers(self):
        """Three tries with longer and longer pauses, then the error."""
        slept: list[float] = []
        with pytest.raises(trigger.NotDispatchedError, match="GitHub cannot be reached"):
            trigger.dispatch(settings("http://127.0.0.1:9"), TOKEN, {}, slept.append)
        assert slept == list(trigger.PAUSES)

    def test_an_answer_that_is_no_json(self, github, monkeypatch):
        """A page of a proxy in between: the status is said, the page is not."""
        monkeypatch.setattr(json, "dumps", lambda *_, dumps=json.dumps: dumps("<html>"))
        github.statuses = [418]
        with pytest.raises(trigger.NotDispatchedError, match=r"^GitHub answers 418: see"):
            trigger.dispatch(settings(github.url), TOKEN, {})


class TestToken:
    """It is read from the parameter and appears nowhere else."""

    @pytest.mark.parametrize("statuses", [[], [401], [500, 500, 500]])
    def test_it_is_in_no_log(self, cloud, github, capfd, statuses):
        github.statuses = list(statuses)
        cloud.arrive(document("put"))
        cloud.settle()
        assert github.requests
        shown = capfd.readouterr()
        assert TOKEN not in shown.out + shown.err

    def test_a_line_break_at_its_end_does_no_harm(self, cloud, github):
        cloud.store(TOKEN + "\n")
        cloud.arrive(document("put"))
        cloud.settle()
        assert github.requests[0][1]["Authorization"] == f"Bearer {TOKEN}"

    @pytest.mark.parametrize("stored", [f"{TOKEN}\nx", f"{TOKEN} x", f"{TOKEN}ü", " "])
    def test_what_cannot_be_one_is_not_sent(self, cloud, github, capfd, stored):
        """Sending would fail with a message that quotes it."""
        cloud.store(stored)
        cloud.arrive(document("put"))
        cloud.poll()
        cloud.poll(wait=2)
        shown = capfd.readouterr()
        assert "does not hold a token" in shown.out
        assert TOKEN not in shown.out + shown.err
        assert github.requests == []

    def test_a_parameter_that_is_missing(self, cloud, github, capsys):
        """The message waits in the queue; a new token is used without a restart."""
        trigger.client("ssm").delete_parameter(Name=cloud.parameter)
        cloud.arrive(document("put"))
        cloud.poll()
        cloud.poll(wait=2)
        assert "cannot be read: ParameterNotFound" in capsys.readouterr().out
        assert github.requests == []
        cloud.store(TOKEN)
        cloud.settle()
        assert len(github.requests) == 1


class Template(yaml.SafeLoader):
    """Reads CloudFormation's short functions as their names and arguments."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    return {name: loader.construct_sequence(node, deep=True)}


Template.add_multi_constructor("!", _function)


@pytest.fixture
def template() -> dict:
    return yaml.load((FOLDER / "template.yml").read_text("utf-8"), Template)


class TestTemplate:
    """The stack: valid, and no right more than what the function does."""

    def test_is_valid(self):
        """cfn-lint finds nothing."""
        program = shutil.which("cfn-lint", path=Path(sys.executable).parent)
        ran = subprocess.run(
            [program, "--non-zero-exit-code", "informational", FOLDER / "template.yml"],
            check=False,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr

    def test_rights_are_those_that_are_used(self, template, cloud, github):
        """Every operation of a whole round is allowed, and nothing else is; each right is for
        one resource."""
        done = set()
        for service in ("dynamodb", "sqs", "ssm"):
            trigger.client(service).meta.events.register(
                "before-call",
                lambda model, **_: done.add(f"{model.service_model.endpoint_prefix}:{model.name}"),
            )
        cloud.arrive(document("put"))
        cloud.settle()
        assert github.requests

        (policy,) = template["Resources"]["Role"]["Properties"]["Policies"]
        statements = policy["PolicyDocument"]["Statement"]
        allowed: set[str] = set()
        for each in statements:
            actions = each["Action"]
            allowed |= {actions} if isinstance(actions, str) else set(actions)
            (resource,) = each["Resource"].values()
            assert "*" not in resource
        logging = {"logs:CreateLogStream", "logs:PutLogEvents"}
        assert not any("*" in action for action in allowed)
        assert allowed == done | POLLED | logging

    def test_the_environment_is_what_the_function_reads(self, template):
        """Each variable has a value of the stack."""
        variables = template["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
        environ = dict.fromkeys(variables, "1")
        assert trigger.Settings.read(environ)
        for name in variables:
            with pytest.raises(KeyError):
                trigger.Settings.read({key: environ[key] for key in environ if key != name})

    def test_the_bucket_alone_may_report(self, template):
        """Nobody else's bucket can fill the queue."""
        (statement,) = template["Resources"]["QueuePolicy"]["Properties"]["PolicyDocument"][
            "Statement"
        ]
        assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
        assert statement["Condition"].keys() == {"ArnEquals", "StringEquals"}

    def test_a_call_ends_before_its_messages_return(self, template):
        """All tries and pauses fit into the function's time, and that six times into the queue's."""
        resources = template["Resources"]
        seconds = resources["Function"]["Properties"]["Timeout"]
        tries = len(trigger.PAUSES) + 1
        assert tries * trigger.HTTP_SECONDS + sum(trigger.PAUSES) < seconds
        assert resources["Queue"]["Properties"]["VisibilityTimeout"] >= 6 * seconds

    def test_it_waits_for_what_the_examples_listen_to(self, template):
        default = template["Parameters"]["EventType"]["Default"]
        for name in ("from-outside", "everything"):
            text = (ROOT / f"examples/workflows/{name}.yml").read_text("utf-8")
            assert f"types: [{default}]" in text
