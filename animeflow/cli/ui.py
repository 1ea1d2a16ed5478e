"""`animeflow ui`: the Dagster UI on a workspace's own history."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click

from animeflow.cli.exits import Exit
from animeflow.cli.options import out_option, resolve_settings, workspace_at


@click.command(epilog="Example: animeflow ui --out workspace --port 3000")
@out_option
@click.option(
    "--port", type=click.IntRange(0, 65535), default=3000, show_default=True, help="Port of the web server."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address; there is no authentication.")
@click.option(
    "--print-environment", is_flag=True, help="Print the variables for `dg dev`, and start nothing."
)
def ui(out: Path | None, port: int, host: str, print_environment: bool) -> None:
    """Start web server, daemon and code server on the workspace's Dagster instance (Ctrl-C ends them)."""
    from animeflow.defs.instances import open_instance, prepare_home

    workspace = workspace_at(out)
    # Runs that the UI starts would each meet broken settings of the workspace in a server's log alone.
    resolve_settings(profile=None, settings_file=None, overrides=(), workspace=workspace)
    home = prepare_home(workspace)
    environment = {
        "DAGSTER_HOME": str(home),
        "ANIMEFLOW_WORKSPACE": str(workspace.root),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    if print_environment:
        for name, value in environment.items():
            click.echo(f"export {name}={value}")
        return
    require_port(host, port)
    with open_instance(workspace):
        pass  # clears what a killed run left behind
    command = ["-m", "dagster", "dev", "-w", str(home / "workspace.yaml"), "-p", str(port), "-h", host]
    click.echo(f"http://{host}:{port}  workspace {workspace.root}", err=True)
    servers: list[subprocess.Popen[bytes]] = []

    def stop(*_: object) -> None:
        for server in servers:
            server.send_signal(signal.SIGINT)

    # Before the start: a script's background job ignores SIGINT and would hand that on, and nothing could end it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # A session of its own: it hears of Ctrl-C from us alone, once, and of SIGTERM too, so that no server outlives us.
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", *command],
        env={**os.environ, **environment},
        cwd=home,
        start_new_session=True,
    )
    servers.append(process)
    raise Exit(process.wait())


def require_port(host: str, port: int) -> None:
    """Usage error when the port is taken: a second server would show nothing, and its daemon disturb the first."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.UsageError(
                f"{host}:{port} cannot be served: {error.strerror} (--port N names another)"
            ) from error
