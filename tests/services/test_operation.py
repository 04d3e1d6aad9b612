"""What an operator asks of a service."""

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.services.conftest import Town

FIGURES = {
    "foldline_http_requests",
    "foldline_http_request_seconds",
    "foldline_appends",
    "foldline_log_end",
    "foldline_progress",
    "foldline_lag_events",
    "foldline_dead_letters",
    "foldline_restarts",
}


async def metrics(town: Town) -> dict[str, Metric]:
    reply = await town.world.client.ask("GET", f"{town.url}/metrics")
    assert reply.status == 200
    return {family.name: family for family in text_string_to_metric_families(reply.body)}


def value(family: Metric, **labels: str) -> float:
    return sum(
        sample.value
        for sample in family.samples
        if labels.items() <= sample.labels.items() and not sample.name.endswith("_created")
    )


async def test_it_lives(town: Town) -> None:
    reply = await town.world.client.ask("GET", f"{town.url}/livez")
    assert (reply.status, reply.body) == (200, "alive\n")


async def test_it_is_ready_and_tells_of_each_part(town: Town) -> None:
    client = town.world.client
    reply = await client.ask("GET", f"{town.url}/readyz")
    assert (reply.status, reply.body) == (200, {"ready": True})
    reply = await client.ask("GET", f"{town.url}/readyz?verbose")
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "no-store"
    parts = reply.body["parts"]
    assert parts.pop("lag").endswith(" events")
    assert {"log", "views", "control", "cache"} <= parts.keys()
    assert set(parts.values()) == {"ok"}


async def test_its_figures(town: Town) -> None:
    client = town.world.client
    before = await metrics(town)
    await client.post(town.ann, "hello")
    await client.ask("GET", f"{town.url}/api/v1/tweets/5")
    await client.folded()
    after = await metrics(town)
    assert after.keys() >= FIGURES
    grown = {"type": "TweetPosted", "outcome": "acknowledged"}
    appends = [value(each["foldline_appends"], **grown) for each in (before, after)]
    assert appends[1] - appends[0] == 1
    missed = {"method": "GET", "route": "/api/v1/tweets/{tweet_id}", "status": "404"}
    requests = [value(each["foldline_http_requests"], **missed) for each in (before, after)]
    assert requests[1] - requests[0] == 1
    assert value(after["foldline_lag_events"]) == 0
    for partition, end in enumerate(await town.ends()):
        assert value(after["foldline_log_end"], partition=str(partition)) == end
        assert value(after["foldline_progress"], partition=str(partition)) == end


async def test_a_route_that_is_none_makes_no_figure_of_its_own(town: Town) -> None:
    await town.world.client.ask("GET", f"{town.url}/no/such/{town.ann}")
    requests = (await metrics(town))["foldline_http_requests"]
    routes = {sample.labels.get("route", "") for sample in requests.samples}
    assert not any(str(town.ann) in route for route in routes)
