"""The picture on a terminal, and as one line."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pointsman.demo.picture import AgentView, Picture, QueueView

AGENTS_SHOWN = 60
ACTIVITY_STYLES = {"Available": "green", "Break": "yellow", "Away": "red"}
LONG_WAIT_SECONDS = 10
HEADER_LINES = 3


def line(picture: Picture, time: str) -> str:
    """The picture in one line."""
    total = picture.total
    return (
        f"{time} waiting {total.waiting} reserved {total.reserved} assigned {total.assigned} "
        f"longest wait {total.longest_wait} s | done {picture.done} canceled {picture.canceled}"
    )


def screen(picture: Picture, how_to_reach: str) -> RenderableType:
    """The whole picture; each part is cut to the place that there is."""
    layout = Layout()
    layout.split_column(
        Layout(_header(picture, how_to_reach), size=HEADER_LINES),
        Layout(_queues(picture), size=len(picture.queues) + 2),
        Layout(name="people"),
    )
    layout["people"].split_row(Layout(_agents(picture)), Layout(_feed(picture)))
    return layout


def _header(picture: Picture, how_to_reach: str) -> RenderableType:
    counts = f"   {picture.done} served, {picture.canceled} canceled   (Ctrl-C ends)\n"
    return Text.assemble(("Pointsman demo", "bold"), counts, (how_to_reach, "cyan"), overflow="fold")


def _queues(picture: Picture) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, expand=True, border_style="dim")
    table.add_column("Queue", ratio=1, no_wrap=True)
    for title in ("waiting", "reserved", "assigned", "longest wait"):
        table.add_column(title, justify="right", width=len("longest wait"), no_wrap=True)
    for name, queue in picture.queues.items():
        table.add_row(name, *_figures(queue))
    return table


def _figures(queue: QueueView) -> list[Text]:
    late = queue.longest_wait >= LONG_WAIT_SECONDS
    wait = Text(f"{queue.longest_wait} s" if queue.longest_wait else "", style="bold red" if late else "")
    counts = [Text(str(n or "·"), style="" if n else "dim") for n in (queue.waiting, queue.reserved, queue.assigned)]
    return [*counts, wait]


def _agents(picture: Picture) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    for width in (8, 9):
        table.add_column(no_wrap=True, min_width=width)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for agent in list(picture.agents.values())[:AGENTS_SHOWN]:
        table.add_row(agent.name, Text(agent.activity, style=ACTIVITY_STYLES.get(agent.activity, "dim")), _doing(agent))
    return Panel(table, title="Agents", title_align="left", border_style="dim", padding=(0, 1))


def _doing(agent: AgentView) -> Text:
    return Text(", ".join(agent.doing.values()) or "-", style="" if agent.doing else "dim", overflow="ellipsis")


def _feed(picture: Picture) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True, min_width=len("12:00:00"))
    table.add_column(no_wrap=True, overflow="ellipsis")
    for time, text in picture.feed:
        table.add_row(time, text)
    return Panel(table, title="Just now (UTC)", title_align="left", border_style="dim", padding=(0, 1))
