"""`pointsman token`: a token for development, from the credentials in the environment."""

from __future__ import annotations

import os

import click


@click.command()
@click.option("--workspace-sid", metavar="WS…", required=True, help="The workspace that the token is for.")
@click.option("--worker-sid", metavar="WK…", default="", help="The worker that the token speaks for.")
@click.option("--role", metavar="worker|supervisor|admin", default="worker", show_default=True)
@click.option("--identity", default="", help="The name in the token.  [default: the worker's sid]")
@click.option("--ttl", type=click.IntRange(1, 86_400), default=3_600, show_default=True, help="Seconds to live.")
@click.option(
    "--now", type=click.FloatRange(0, 99_999_999_999), help="Seconds since 1970, for a server on a virtual clock."
)
@click.option("--capability", is_flag=True, help="A capability token, for version 1 of the SDK.")
@click.option("--task-queue-sid", metavar="WQ…", default="", help="With --capability: for a task queue.")
@click.option("--allow-updates", is_flag=True, help="With --capability: changes, too.")
@click.option("--account-sid", envvar="POINTSMAN_ACCOUNT_SID", show_envvar=True, metavar="AC…", default="")
@click.option("--api-key-sid", envvar="POINTSMAN_API_KEY_SID", show_envvar=True, metavar="SK…", default="")
def token(
    workspace_sid: str,
    worker_sid: str,
    role: str,
    identity: str,
    ttl: int,
    now: float | None,
    capability: bool,
    task_queue_sid: str,
    allow_updates: bool,
    account_sid: str,
    api_key_sid: str,
) -> None:
    """Print a token for a worker's browser or app; no server is asked.

    An AccessToken is signed with POINTSMAN_API_KEY_SECRET, a capability token with POINTSMAN_AUTH_TOKEN. Secrets come
    from the environment only: a flag would show in the list of processes.
    """
    from pointsman.auth.minting import access_token, capability_token

    if not capability and (task_queue_sid or allow_updates):
        raise click.UsageError("--task-queue-sid and --allow-updates belong to --capability")
    if not account_sid:
        raise click.UsageError("POINTSMAN_ACCOUNT_SID: set it to the account's sid, or give --account-sid")
    if not capability and not api_key_sid:
        raise click.UsageError("POINTSMAN_API_KEY_SID: set it to the key's sid, or give --api-key-sid")
    try:
        if capability:
            made = capability_token(
                account_sid=account_sid,
                auth_token=_secret("POINTSMAN_AUTH_TOKEN"),
                workspace_sid=workspace_sid,
                worker_sid=worker_sid,
                task_queue_sid=task_queue_sid,
                updates=allow_updates,
                ttl=ttl,
                now=now,
            )
        else:
            made = access_token(
                account_sid=account_sid,
                key_sid=api_key_sid,
                key_secret=_secret("POINTSMAN_API_KEY_SECRET"),
                workspace_sid=workspace_sid,
                worker_sid=worker_sid,
                role=role,
                identity=identity,
                ttl=ttl,
                now=now,
            )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    click.echo(made)


def _secret(variable: str) -> str:
    secret = os.environ.get(variable, "")
    if not secret:
        raise click.UsageError(f"{variable}: set it to the secret that signs the token")
    return secret
