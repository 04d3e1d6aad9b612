"""Whatever is asked by the document, or against it, the answer is one that the document names.

Schemathesis makes the requests out of the OpenAPI document: of each route by itself, and along the
document's links from what one request made to what can be done with it.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import embedded
from app.documents import ROUTES
from app.installation import Installation
from foldline.web.freshness import AFTER_HEADER
from foldline.web.openapi import openapi, operation_id
from foldline.web.routes import Access
from tests.conftest import WorldSettings

pytestmark = pytest.mark.full

Case = schemathesis.Case[Any]


def nothing_fails(_: Any, response: schemathesis.Response, case: Case) -> None:
    """The service has no fault; it may be behind what the caller claims to have seen."""
    behind = response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.status_code < 500 or (behind and AFTER_HEADER in (case.headers or {}))


CHECKS: Final = [
    nothing_fails,
    status_code_conformance,
    negative_data_rejection,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDS: Final = hypothesis.settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
PUBLIC: Final = schemathesis.openapi.from_dict(
    openapi([r for r in ROUTES if r.access is not Access.ADMIN], trusted_header=True)
)
FOR_ADMINS: Final = schemathesis.openapi.from_dict(
    openapi([r for r in ROUTES if r.access is Access.ADMIN], trusted_header=True)
)
WALKED: Final = schemathesis.openapi.from_dict(PUBLIC.raw_schema)
WALKED.config.generation.update(
    modes=[schemathesis.GenerationMode.POSITIVE], with_security_parameters=False
)
WALKED.config.phases.stateful.inference.algorithms.clear()  # the document's own links are enough
LINKED: Final = {operation_id(route) for route in ROUTES if "_id}" in route.path}
REACHED: Final = 10  # of them, at the least, that walks end well in
START_S: Final = 30
ROUNDS: Final = 6
WALKS: Final = 5
STEPS: Final = 12


class Town:
    """An embedded installation in a thread of its own: Schemathesis asks and waits. `answered`:
    the statuses that each operation gave."""

    def __init__(self, installation: Installation) -> None:
        self.public = installation.http.url
        assert installation.http.admin is not None
        self.admin = installation.http.admin.url
        self.session = requests.Session()
        self.answered: defaultdict[str, set[int]] = defaultdict(set)
        self.caller = self._joined("caller")

    def ask(self, case: Case) -> schemathesis.Response:
        """Send a case as the town's own user, who is an administrator on the other port."""
        of_admins = case.path.startswith("/admin/")
        headers = {"X-User-ID": self.caller, **({"X-User-Role": "admin"} if of_admins else {})}
        base_url = self.admin if of_admins else self.public
        response = case.call(base_url, self.session, headers)
        self.answered[case.operation.definition.raw["operationId"]].add(response.status_code)
        return response

    def _joined(self, name: str) -> str:
        url = f"{self.public}/api/v1/users"
        reply = self.session.post(url, json={"username": name}, timeout=START_S)
        assert reply.status_code == 201, reply.text
        after = {AFTER_HEADER: reply.headers["Foldline-Position"]}
        self.session.get(url, headers=after, timeout=START_S)
        return str(reply.json()["user_id"])


@pytest.fixture(scope="module")
def town(module_settings: WorldSettings) -> Iterator[Town]:
    settings = module_settings("embedded", after_wait_s=0.05)
    ready = threading.Event()
    found: list[Installation] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def live() -> None:
        async with embedded.running(settings) as installation:
            found.append(installation)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),), daemon=True)
    thread.start()
    assert ready.wait(START_S)
    running = Town(found[0])
    yield running
    running.session.close()
    loop.call_soon_threadsafe(stop.set)
    thread.join(START_S)
    loop.close()


@PUBLIC.parametrize()
@BOUNDS
def test_an_answer_is_one_that_the_document_names(case: Case, town: Town) -> None:
    case.validate_response(town.ask(case), checks=CHECKS)


@FOR_ADMINS.parametrize()
@BOUNDS
def test_so_are_the_answers_to_administrators(case: Case, town: Town) -> None:
    case.validate_response(town.ask(case), checks=CHECKS)


def test_so_are_the_answers_along_the_links_of_what_was_made(town: Town) -> None:
    """What a walk meets depends on what the service made before, so no walk can be repeated: a
    failure is kept, and not looked for again."""
    failures: list[Exception] = []

    class Walk(WALKED.as_state_machine()):  # type: ignore[misc]
        def call(self, case: Case, **_: Any) -> schemathesis.Response:
            case.headers.pop(AFTER_HEADER, None)  # few partitions of all that can be named
            return town.ask(case)

        def validate_response(self, response: schemathesis.Response, case: Case, **_: Any) -> None:
            try:
                case.validate_response(response, checks=CHECKS)
            except Exception as failure:
                failures.append(failure)

    town.answered.clear()
    bounds = hypothesis.settings(BOUNDS, max_examples=WALKS, stateful_step_count=STEPS)
    for number in range(ROUNDS):
        with suppress(hypothesis.errors.Flaky):
            run_state_machine_as_test(hypothesis.seed(number)(Walk), settings=bounds)
    assert failures == []
    reached = {name for name in LINKED if any(status < 300 for status in town.answered[name])}
    assert len(reached) >= REACHED, town.answered
