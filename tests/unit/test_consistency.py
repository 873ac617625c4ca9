"""Inputs, outputs, version and texts are said in several places; here they are held together."""

from __future__ import annotations

import ast
import json
import re
import textwrap
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import jsonschema
import pytest
import yaml
from msgspec.structs import fields
from support import readme_tables
from support.readme_tables import ROOT

from galleria_action import __main__ as cli
from galleria_action import __version__, doctor_policies, manifest, outputs, role, store_profiles
from galleria_action import config as configuration
from galleria_action.bucket import Bucket
from galleria_action.config import Config
from galleria_action.declaration import Input, Kind
from galleria_action.doctor_remarks import Mark
from galleria_action.errors import FailureReason
from galleria_action.event import Event
from galleria_action.inputs import BY_NAME, INPUTS, OUTPUTS
from galleria_action.outputs import Results
from galleria_action.plan import Action, Plan, Reason
from galleria_action.plan import Kind as PlanKind
from galleria_action.recorder import Outcome
from galleria_action.sources import Sources

ALL = pytest.mark.parametrize("each", INPUTS, ids=lambda each: each.name)
MINIMAL = {"s3-bucket": "my-gallery", "s3-access-key": "id", "s3-secret-key": "secret"}
RULES = {"metadata-file", "settings-file", "cache-control", "github-token"}
"""Inputs whose default is a rule and not a value that could be given."""
SPECIAL = {
    "cdn-provider": "cloudflare",
    "comment": "always",
    "shard": "2/3",
    "role-to-assume": "arn:aws:iam::111122223333:role/gallery-deploy",
    "role-duration": "900",
}
"""Values of inputs that take only some texts."""
NEEDS = {
    "invalidate-cdn": {
        "cdn-provider": "bunny",
        "cdn-id": "77",
        "cdn-token": "key",
        "public-url": "https://example.org",
    }
}
"""What else has to be given with an input."""
BUCKET_FIELDS = {"s3-bucket": "name"}
EXAMPLES = sorted((ROOT / "examples/workflows").glob("*.yml"))
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@cache
def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def action() -> dict[str, Any]:
    return yaml.safe_load(text_of("action.yml"))


def parsed(given: dict[str, str]) -> Config:
    return configuration.parse(Sources(given, {}), Event())


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(document), re.DOTALL | re.MULTILINE)


def some_value(each: Input) -> str:
    """A valid value of the input that is not its default."""
    if each.kind is Kind.BOOLEAN:
        return "false" if each.default == "true" else "true"
    if each.kind is Kind.LINES:
        return "*.map: no-store"
    if each.name in SPECIAL:
        return SPECIAL[each.name]
    return "https://example.org" if each.name in ("public-url", "s3-endpoint") else "77"


class TestInputs:
    """Adding, renaming or removing an input anywhere else than in `inputs.py` fails here."""

    def test_action_declares_the_inputs(self):
        """action.yml has every input, no other, in the same order."""
        assert list(action()["inputs"]) == [each.name for each in INPUTS]

    @ALL
    def test_action_describes(self, each: Input):
        """Each description begins with the help and ends with the default."""
        description = action()["inputs"][each.name]["description"]
        assert description.startswith(each.help)
        assert description.endswith(f"Default: {each.default or 'none'}.")

    @ALL
    def test_action_sets_no_default(self, each: Input):
        """A default in action.yml would win over environment and settings file; and no input is
        required there, for it may come from them. The job's token is nowhere else."""
        declared = dict(action()["inputs"][each.name])
        default = declared.pop("default", None)
        assert default == ("${{ github.token }}" if each.name == "github-token" else None)
        assert set(declared) == {"description", "required"}
        assert declared["required"] is False

    def test_command_line_has_the_inputs(self):
        """The command line has a flag for every input and no other but --help and --version."""
        long = {name for each in cli.parser()._actions for name in each.option_strings}
        short = {f"-{each.short}" for each in INPUTS if each.short}
        expected = {f"--{each.name}" for each in INPUTS}
        assert long == expected | short | {"-h", "--help", "--version"}

    @ALL
    def test_command_line_passes_the_input(self, each: Input):
        """A flag's value arrives under the input's name, and --help tells its default."""
        value = some_value(each)
        assert cli.flags([f"--{each.name}", value]) == {each.name: value}
        (option,) = (one for one in cli.parser()._actions if one.dest == each.name)
        assert option.help is not None
        assert each.default.replace("%", "%%") in option.help

    def test_config_has_the_inputs(self):
        """Config and Bucket have a field for every input and no other."""
        of_bucket = {each.name for each in INPUTS if each.name.startswith("s3-")}
        names = {BUCKET_FIELDS.get(name, name[3:].replace("-", "_")) for name in of_bucket}
        assert {each.name for each in fields(Bucket)} == names
        others = {name.replace("-", "_") for name in BY_NAME.keys() - of_bucket}
        assert {each.name for each in fields(Config)} == others | {"bucket"}

    @ALL
    def test_config_reads_the_input(self, each: Input):
        """Every input makes a difference to the configuration, to its own field alone."""
        # A role is taken instead of keys.
        keys = {"s3-bucket": "my-gallery"} if each.name == "role-to-assume" else MINIMAL
        given = keys | NEEDS.get(each.name, {})
        plain, other = parsed(given), parsed(given | {each.name: some_value(each)})
        field = each.name.replace("-", "_")
        if each.name.startswith("s3-"):
            field = BUCKET_FIELDS.get(each.name, field[3:])
            plain, other = plain.bucket, other.bucket
        changed = {
            one.name
            for one in fields(plain)
            if getattr(plain, one.name) != getattr(other, one.name)
        }
        assert changed - {"region"} | ({"region"} & {field}) == {field}

    @ALL
    def test_default_is_the_real_one(self, each: Input):
        """The documented default, given as a value, is the same as nothing."""
        if each.default and each.name not in RULES:
            assert parsed(MINIMAL | {each.name: each.default}) == parsed(MINIMAL)
        assert not (each.name in RULES and not each.default)

    def test_config_defaults(self):
        """Config made in code has the defaults of one that is parsed."""
        assert parsed(MINIMAL) == Config(parsed(MINIMAL).bucket)

    def test_secrets_are_not_shown(self):
        """The values of secret inputs are in no representation of the configuration."""
        given = {each.name: f"hidden-{each.name}" for each in INPUTS if each.secret}
        assert "hidden" not in repr(parsed(MINIMAL | given))

    def test_names_are_unique(self):
        """No two inputs share a name, an environment variable or a group that is torn apart."""
        assert len({each.name for each in INPUTS}) == len(INPUTS)
        assert len({each.environment_name for each in INPUTS}) == len(INPUTS)
        groups = [each.group for each in INPUTS]
        assert sorted(groups, key=groups.index) == groups


class TestOutputs:
    """Likewise for outputs."""

    def test_action_declares_the_outputs(self):
        """action.yml has every output with its text, no other, in the same order."""
        declared = action()["outputs"]
        assert list(declared) == list(OUTPUTS)
        assert {name: each["description"] for name, each in declared.items()} == OUTPUTS

    def test_every_output_is_filled(self):
        """A run that knows everything leaves no output empty, and sets no other."""
        results = Results(
            config=parsed(MINIMAL | {"public-url": "https://example.org"}),
            mode="metadata",
            plan=Plan("b", "photos", "", "m.json", "metadata", photos=True, site=True),
            plan_path="plan.json",
            report_path="report.html",
            outcome=Outcome(),
            failure=FailureReason.UPLOAD,
        )
        assert all(outputs.render(results).values())
        assert set(outputs.render(Results())) == set(OUTPUTS)

    def test_failure_reasons_are_explained(self):
        """The README's table has every value of `failure-reason` and no other."""
        table = text_of("README.md").partition("`failure-reason` is one of these")[2]
        rows = re.findall(r"^\| `([\w-]+)` \|", table.partition("## ")[0], re.MULTILINE)
        assert rows == list(FailureReason)


class TestAction:
    """The rest of action.yml."""

    def test_runs(self):
        """The image starts the program by itself: inputs never pass through a command line."""
        assert action()["runs"] == {"using": "docker", "image": "Dockerfile"}

    def test_fits_the_marketplace(self):
        """GitHub's marketplace wants a name, an author, an icon and a short description."""
        assert action()["name"] == "Galleria deploy"
        assert action()["author"]
        assert set(action()["branding"]) == {"icon", "color"}
        assert len(action()["description"]) <= 125


class TestVersion:
    """The version is written in one place."""

    def test_package_takes_it_from_the_code(self):
        """pyproject.toml reads the version from the package."""
        project = tomllib.loads(text_of("pyproject.toml"))
        assert project["project"]["dynamic"] == ["version"]
        assert "version" not in project["project"]
        assert project["tool"]["hatch"]["version"]["path"] == "galleria_action/__init__.py"

    def test_changelog_begins_with_it(self):
        """The newest entry of the changelog is this version, with a date or not yet released."""
        newest = re.search(r"^## \[(.+?)\] - (.+)$", text_of("CHANGELOG.md"), re.MULTILINE)
        assert newest is not None
        assert newest[1] == __version__
        assert re.fullmatch(r"Unreleased|\d{4}-\d\d-\d\d", newest[2])
        assert f"[{__version__}]: " in text_of("CHANGELOG.md")

    def test_users_are_told_the_right_tag(self):
        """Wherever the action is named with a tag, it is one of this major version."""
        major = __version__.partition(".")[0]
        files = [*DOCUMENTS, *EXAMPLES, *sorted((ROOT / "galleria_action").glob("*.py"))]
        tags = {
            tag
            for file in files
            for tag in re.findall(r"galleria/deploy@(\S+?)[\s`\"')]", file.read_text("utf-8"))
        }
        assert tags == {f"v{major}"}

    def test_command_line_tells_it(self, capsys: pytest.CaptureFixture[str]):
        """--version prints it."""
        with pytest.raises(SystemExit):
            cli.parser().parse_args(["--version"])
        assert capsys.readouterr().out == f"galleria-deploy {__version__}\n"


class TestDocuments:
    """What the documentation says is what the program says."""

    @pytest.mark.parametrize("document", readme_tables.DOCUMENTS)
    def test_tables_are_current(self, document: str):
        """If this fails: python tests/support/readme_tables.py"""
        assert text_of(document) == readme_tables.updated(document)

    def test_tables_are_there(self):
        """The README has the tables and every example workflow; docs/plan.md has the reasons."""
        workflows = {file.relative_to(ROOT).as_posix() for file in EXAMPLES}
        names = readme_tables.parts("README.md")
        assert set(names) == {"inputs", "outputs", "environment", *workflows}
        assert len(names) == len(set(names))
        assert "reasons" in readme_tables.parts("docs/plan.md")

    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)
    def test_links_lead_somewhere(self, document):
        """Files that are linked exist, and so do headings."""
        for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", document.read_text("utf-8")):
            path, _, heading = target.partition("#")
            file = document.parent / path if path else document
            assert file.exists(), target
            assert not heading or heading in _headings(file.read_text("utf-8")), target

    def test_error_texts_are_real(self):
        """Each heading of the troubleshooting is a text that the program prints."""
        section = text_of("README.md").partition("\n## Troubleshooting\n")[2].partition("\n## ")[0]
        headings = re.findall(r"^### `(.+)`$", section, re.MULTILINE)
        assert len(headings) == section.count("\n### ") > 0
        texts = [each for each in _texts() if len(each.replace("…", "")) > 10]
        for heading in headings:
            parts = [part.strip(" :.") for part in heading.split("…")]
            assert any(_fits(text, heading) for text in texts) or all(
                any(part in text for text in texts) for part in parts
            ), heading

    def test_manifest_is_valid(self):
        """The README's manifest is one that the program takes."""
        (found,) = (each for each in blocks("README.md", "json") if "schema_version" in each)
        assert len(manifest.parse(found.encode(), "README.md").photos) == 1

    def test_policies(self):
        """The README's policies are the doctor's: to deploy, to look only, for visitors."""
        found = [json.loads(each) for each in blocks("README.md", "json") if "Statement" in each]
        config = Config(Bucket("my-gallery-bucket"))
        made = (doctor_policies.deploy, doctor_policies.look, doctor_policies.public)
        assert found == [json.loads(each(config)) for each in made]

    def test_marks_of_the_doctor(self):
        """The README explains every mark, in their order."""
        table = text_of("README.md").partition("| Mark |")[2].partition("\n\n")[0]
        assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(Mark)

    def test_stores_have_sources(self):
        """docs/stores.md has a section for every store that is known, each line with a source."""
        sections = re.split(r"^## ", text_of("docs/stores.md"), flags=re.MULTILINE)[1:]
        titles = [each.partition("\n")[0] for each in sections]
        assert {*store_profiles.names(), "Ceph", "MinIO"} <= set(titles)
        lines = [line for each in sections for line in each.splitlines() if line[:2] == "- "]
        assert len(lines) > 30
        for line in lines:
            own = "this project's tests" in line or line.endswith("Ask the doctor.")
            assert own or re.search(r"\]\(https://[^)]+\)$", line), line

    def test_trust_policy(self):
        """The README's is the one that the program would show, for both forms of a repository."""
        readme = textwrap.dedent(
            re.search(
                r"^   ```json\n(.*?)^   ```$", text_of("README.md"), re.DOTALL | re.MULTILINE
            )[1]
        )
        shown = json.loads(readme)
        (statement,) = shown["Statement"]
        key = "token.actions.githubusercontent.com:sub"
        subjects = statement["Condition"]["StringEquals"][key]
        assert subjects == [
            "repo:OWNER@123456/REPOSITORY@456789:environment:production",
            "repo:OWNER/REPOSITORY:environment:production",
        ]
        for subject in subjects:
            statement["Condition"]["StringEquals"][key] = subject
            said = role.Claims(
                "https://token.actions.githubusercontent.com", subject, role.AUDIENCE
            )
            taken = role.Role(SPECIAL["role-to-assume"])
            assert shown == json.loads(role.trust_policy(taken, said))

    def test_plan_example(self):
        """The change in docs/plan.md is valid, and its schema knows what a plan can say."""
        source = resources.files("galleria_action") / "plan.schema.json"
        schema = json.loads(source.read_text("utf-8"))
        (example,) = blocks("docs/plan.md", "json")
        change = schema["$defs"]["change"]
        jsonschema.Draft202012Validator({**change, "$defs": schema["$defs"]}).validate(
            json.loads(example)
        )
        assert change["properties"]["reason"]["enum"] == list(Reason)
        assert change["properties"]["action"]["enum"] == list(Action)
        assert change["properties"]["kind"]["enum"] == list(PlanKind)

    def test_dependencies_are_explained(self):
        """docs/dependencies.md has every package that the program needs, and no other."""
        needed = tomllib.loads(text_of("pyproject.toml"))["project"]["dependencies"]
        names = {re.split(r"[<>=~!\[; ]", each)[0] for each in needed}
        explained = re.findall(r"^\| `([\w-]+)` \|", text_of("docs/dependencies.md"), re.MULTILINE)
        assert set(explained) == names


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda each: each.name)
class TestExamples:
    """The example workflows, as far as reading them tells."""

    def test_inputs_exist(self, file):
        """They pass no input that the action does not have, and values that it takes."""
        steps = [
            step for step in _steps(file) if step.get("uses", "").startswith("galleria/deploy@")
        ]
        assert steps
        for step in steps:
            given = {name: str(value) for name, value in step["with"].items()}
            assert given.keys() <= BY_NAME.keys()
            plain = {
                name: value.lower() if value in ("True", "False") else value
                for name, value in given.items()
                if "${{" not in value
            }
            plain |= {name: "given" for name in given if BY_NAME[name].secret}
            keys = {} if "role-to-assume" in given else MINIMAL
            parsed({"s3-bucket": "my-gallery"} | keys | plain)


def _steps(file) -> list[dict[str, Any]]:
    workflow = yaml.safe_load(file.read_text("utf-8"))
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def _headings(document: str) -> set[str]:
    """Names by which GitHub links to the headings."""
    lines = re.findall(r"^#+ (.+)$", document, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


def _fits(text: str, heading: str) -> bool:
    return re.fullmatch(re.escape(text).replace("…", ".+"), heading) is not None


def _texts() -> Iterator[str]:
    """Every text in the package's source, with … where a value is put in."""
    for file in sorted((ROOT / "galleria_action").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(
                    part.value if isinstance(part, ast.Constant) else "…" for part in node.values
                )
