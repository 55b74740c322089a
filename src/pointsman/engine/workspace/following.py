"""Which version of its workflow a task follows; old versions are kept while they have followers."""

from __future__ import annotations

from pointsman.domain.nouns import Task, Workflow
from pointsman.engine.workspace.tables import Tables


def forget_unfollowed(workflow: Workflow, version: int) -> None:
    if version != workflow.current and not workflow.versions[version].followers:
        del workflow.versions[version]


def follow(t: Tables, task: Task, version: int) -> None:
    workflow = t.workflows[task.workflow_sid]
    workflow.versions[version].followers += 1
    task.workflow_version = version


def unfollow(t: Tables, task: Task) -> None:
    workflow = t.workflows.get(task.workflow_sid)
    if workflow is not None and task.workflow_version in workflow.versions:
        workflow.versions[task.workflow_version].followers -= 1
        forget_unfollowed(workflow, task.workflow_version)
