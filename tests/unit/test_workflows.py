"""All workflow files: what they may do, what they run, and that inputs are those of the action."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml
from support.readme_tables import ROOT

from galleria_action.declaration import Kind
from galleria_action.inputs import INPUTS, OUTPUTS

EXAMPLES = sorted((ROOT / "examples/workflows").glob("*.yml"))
OWN = sorted((ROOT / ".github/workflows").glob("*.yml"))
REUSABLE = ROOT / ".github/workflows/deploy-gallery.yml"
EACH = pytest.mark.parametrize("file", [*EXAMPLES, *OWN], ids=lambda each: each.name)
OUR_ACTION = "galleria/deploy@v1"
NOT_GIVEN = {"github-token"}
"""Inputs that a called workflow has anyway: no secret may be named like the job's token."""
OF_THE_JOB = {"prepare", "artifact", "timeout-minutes"}
"""Inputs of the reusable workflow that are no inputs of the action."""


def read(file) -> dict[str, Any]:
    workflow = yaml.safe_load(file.read_text("utf-8"))
    workflow["on"] = workflow.pop(True)  # YAML's idea of the word on
    return workflow


def steps(file) -> list[dict[str, Any]]:
    return [step for job in read(file)["jobs"].values() for step in job.get("steps", ())]


def events(file) -> set[str]:
    on = read(file)["on"]
    return {on} if isinstance(on, str) else set(on)


@EACH
class TestEveryWorkflow:
    """Rules that hold for examples and for our own workflows alike."""

    def test_grants_nothing_but_to_jobs(self, file):
        """Nothing at the top, and each job names what it needs. Only the reusable workflow
        leaves that to its callers: it cannot raise what they give."""
        workflow = read(file)
        if file == REUSABLE:
            assert "permissions" not in workflow
            return
        assert workflow["permissions"] == {}
        for job in workflow["jobs"].values():
            assert isinstance(job["permissions"], dict)
            assert job["permissions"].get("contents")

    def test_jobs_end_some_day(self, file):
        """Every job that runs steps has a time limit; the others are workflows that have one."""
        for job in read(file)["jobs"].values():
            assert job.get("timeout-minutes") or job["uses"].startswith("./.github/workflows/")

    def test_actions_are_pinned(self, file):
        """Other people's actions by the whole SHA, with the version for people beside it."""
        for line in file.read_text("utf-8").splitlines():
            found = re.match(r"\s*(?:- )?uses: (\S+)(.*)", line)
            if found and found[1] != OUR_ACTION and not found[1].startswith("./"):
                assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40}", found[1]), line
                assert re.fullmatch(r" # v\d+\.\d+\.\d+", found[2]), line

    def test_checkouts_leave_no_token_behind(self, file):
        """The token of the checkout is not kept where later steps could read it."""
        for step in steps(file):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False

    def test_no_text_becomes_a_command(self, file):
        """Values reach a shell by the environment: there they are no commands."""
        for step in steps(file):
            assert "${{" not in step.get("run", "")

    def test_commands_are_whole(self, file):
        """What a step gives to the shell is what the shell can read."""
        for step in steps(file):
            if "run" in step:
                command = ["bash", "-n", "-c", step["run"]]
                read_by_shell = subprocess.run(command, check=False, capture_output=True)
                assert read_by_shell.stderr == b""

    def test_runs_no_code_of_strangers_with_secrets(self, file):
        """None starts on the events that give secrets to code of forks."""
        assert not events(file) & {"pull_request_target", "workflow_run", "issue_comment"}

    def test_deployments_are_never_stopped(self, file):
        """Whatever deploys waits for the one before it, and does not stop it half-way."""
        workflow = read(file)
        if workflow["name"].startswith(("Deploy", "Release")):
            assert workflow["concurrency"]["cancel-in-progress"] is False


def test_one_version_of_each_action():
    """The same action is at the same version everywhere."""
    found: dict[str, set[str]] = {}
    for file in [*EXAMPLES, *OWN]:
        for name, version in re.findall(r"uses: ([\w./-]+)@(\S+ # \S+)", file.read_text("utf-8")):
            found.setdefault(name, set()).add(version)
    assert {name: len(versions) for name, versions in found.items()} == dict.fromkeys(found, 1)


def test_deployments_of_the_examples_wait_for_each_other():
    """They share a group, whichever of them somebody uses together; dry runs are in none."""
    groups = {
        read(file)["concurrency"]["group"] for file in EXAMPLES if "Deploy" in read(file)["name"]
    }
    assert groups == {
        "gallery-production",
        "gallery-${{ inputs.dry-run && github.run_id || 'production' }}",
    }


class TestReusableWorkflow:
    """Called as a job, it takes what the action takes and gives what it gives."""

    def called(self) -> dict[str, Any]:
        return read(REUSABLE)["on"]["workflow_call"]

    def deploy(self) -> dict[str, Any]:
        (step,) = (each for each in steps(REUSABLE) if each.get("uses") == OUR_ACTION)
        return step

    def test_inputs(self):
        """Every input but the secret ones, in order and typed; the default of a typed one is the
        action's."""
        declared = self.called()["inputs"]
        plain = [each for each in INPUTS if not each.secret]
        assert [name for name in declared if name not in OF_THE_JOB] == [
            each.name for each in plain
        ]
        assert declared.keys() >= OF_THE_JOB
        for each in plain:
            given = declared[each.name]
            assert given["description"].startswith(each.help)
            if each.kind is Kind.BOOLEAN:
                assert (given["type"], given["default"]) == ("boolean", each.default == "true")
            elif each.name == "concurrency":
                assert (given["type"], given["default"]) == ("number", int(each.default))
            else:
                assert (given["type"], given["default"]) == ("string", "")

    def test_secrets(self):
        """Every secret input, none of them required."""
        secret = [each.name for each in INPUTS if each.secret and each.name not in NOT_GIVEN]
        assert list(self.called()["secrets"]) == secret
        assert not any(each["required"] for each in self.called()["secrets"].values())

    @pytest.mark.parametrize("each", INPUTS, ids=lambda each: each.name)
    def test_passes_the_input_on(self, each):
        """A value goes to the action; the default goes as nothing, so that the settings file
        decides as it does without this workflow."""
        given = self.deploy()["with"]
        if each.name in NOT_GIVEN:
            assert each.name not in given
            return
        value = given[each.name].removeprefix("${{ ").removesuffix(" }}")
        if each.secret:
            assert value == f"secrets.{each.name}"
        elif each.kind is Kind.BOOLEAN and each.default == "true":
            assert value == f"!inputs.{each.name} && 'false' || ''"
        elif each.kind is Kind.BOOLEAN:
            assert value == f"inputs.{each.name} || ''"
        elif each.name == "concurrency":
            assert value == f"inputs.concurrency != {each.default} && inputs.concurrency || ''"
        else:
            assert value == f"inputs.{each.name}"

    def test_passes_nothing_else_on(self):
        assert set(self.deploy()["with"]) == {each.name for each in INPUTS} - NOT_GIVEN

    def test_outputs(self):
        """Every output, from the step to the job to the caller."""
        (job,) = read(REUSABLE)["jobs"].values()
        outputs = self.called()["outputs"]
        assert {name: each["description"] for name, each in outputs.items()} == OUTPUTS
        for name in OUTPUTS:
            assert outputs[name]["value"] == f"${{{{ jobs.deploy.outputs.{name} }}}}"
            assert job["outputs"][name] == f"${{{{ steps.{self.deploy()['id']}.outputs.{name} }}}}"


class TestRelease:
    """What was published is never replaced; the order is in the `needs` of the jobs."""

    def needs(self, name: str) -> set[str]:
        """Jobs that succeeded before ``name`` starts."""
        jobs = read(ROOT / ".github/workflows/release.yml")["jobs"]
        direct = jobs[name].get("needs", [])
        direct = {direct} if isinstance(direct, str) else set(direct)
        return direct.union(*(self.needs(each) for each in direct))

    def test_order(self):
        assert self.needs("image") == {"version", "checks"}
        assert self.needs("tag") == {"version", "checks", "image"}
        assert self.needs("try") == {"version", "checks", "image", "tag"}
        assert self.needs("publish") == {"version", "checks", "image", "tag", "try"}

    def test_only_the_major_tag_moves(self):
        """One request moves a reference, in the last job, and nothing is deleted."""
        text = (ROOT / ".github/workflows/release.yml").read_text("utf-8")
        assert text.count("force=true") == 1
        assert "DELETE" not in text
        moves = [
            step
            for step in steps(ROOT / ".github/workflows/release.yml")
            if "force=true" in step.get("run", "")
        ]
        assert moves[0] == steps(ROOT / ".github/workflows/release.yml")[-1]

    def test_action_has_the_line_that_a_release_replaces(self):
        assert (ROOT / "action.yml").read_text("utf-8").count("\n  image: Dockerfile\n") == 1


def test_updates_wait():
    """Every kind of dependency update has a cooldown of a week or more."""
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text("utf-8"))["updates"]
    assert {each["package-ecosystem"] for each in updates} == {"github-actions", "pip"}
    assert all(each["cooldown"]["default-days"] >= 7 for each in updates)
