"""Workspaces of tests: inside the action's container, and on a laptop."""

from __future__ import annotations

from galleria_action.workspace import Workspace

HOST = "/home/runner/work/repo/repo"


def actions(root, **changes) -> Workspace:
    """The workspace inside the action's container."""
    return Workspace(str(root), HOST, confined=True, **changes)


def laptop(root, **changes) -> Workspace:
    return Workspace(str(root), **changes)


def names(workspace: Workspace, folder: str = "site") -> list[str]:
    return [file.name for file in workspace.scan(folder)]
