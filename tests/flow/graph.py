"""The real graph: parts of it, and what counts as acknowledged once it is imported."""

from collections import Counter
from pathlib import Path
from typing import Final

from app.graph import Graph
from tests.flow.client import Client
from tests.flow.lanes import Step, run_lanes
from tests.oracle.commands import Followed, Joined

REED98: Final = Path(__file__).parents[2] / "app" / "demo" / "socfb-Reed98.edges"
PREFIX: Final = "reed_"


def densest(graph: Graph, people: int) -> Graph:
    """The part of the graph among the `people` with the most friends."""
    friends = Counter(follower for follower, _ in graph.follows)
    chosen = {node for node, _ in friends.most_common(people)}
    follows = [edge for edge in graph.follows if chosen.issuperset(edge)]
    return Graph(graph.digest, sorted(chosen), follows)


async def imported(client: Client, graph: Graph) -> dict[int, int]:
    """The accounts of an imported graph by their numbers in it. From now on the client counts all
    of the graph among what was acknowledged."""
    ids: dict[int, int] = {}

    def learn(node: int) -> Step:
        async def look_up() -> None:
            found = await client.get(f"/api/v1/users/by-username/{PREFIX}{node}")
            ids[node] = int(found["user_id"])
            shown = f"{PREFIX.strip('_')} {node}"  # as the import names them
            client.acknowledged.append(Joined(ids[node], f"{PREFIX}{node}", shown))

        return look_up

    await run_lanes([learn(node)] for node in graph.nodes)
    client.acknowledged += [Followed(ids[one], ids[other]) for one, other in graph.follows]
    return ids
