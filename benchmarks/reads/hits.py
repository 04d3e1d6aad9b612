"""What the caches of a process were asked for, and what they had, by its metrics."""

from dataclasses import dataclass
from typing import Self

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.rounds import Figures

_Asked = dict[tuple[str, str, str], float]
"""By kind, level and outcome."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Of one moment."""

    asked: _Asked

    @classmethod
    async def of(cls, port: int) -> Self:
        """As the process at this port tells them."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{port}/metrics") as answer,
        ):
            text = await answer.text()
        asked: _Asked = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "foldline_cache_reads_total":
                    labels = sample.labels
                    asked[labels["kind"], labels["level"], labels["outcome"]] = sample.value
        return cls(asked)

    def since(self, before: Self) -> Figures:
        """The share of hits since then, by kind and level; without what was not asked for."""
        found: Figures = {}
        for kind, level in sorted({(kind, level) for kind, level, _ in self.asked}):
            hit, miss = (
                self.asked.get((kind, level, outcome), 0)
                - before.asked.get((kind, level, outcome), 0)
                for outcome in ("hit", "miss")
            )
            if hit + miss:
                found.setdefault(kind, {})[level] = round(hit / (hit + miss), 4)
        return found
