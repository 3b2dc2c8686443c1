"""As much of pyperf's interface as pyperformance's scripts use, so that they run on an interpreter without packages.

Times in this one process and prints a line of JSON for each benchmark: its name and the median of the seconds an iteration took.
"""

import argparse
import asyncio
import json
import platform
import statistics
from time import perf_counter

VERSION = (2, 9, 0)
# Seconds: to warm up, to collect samples, and of a single sample.
WARM_UP, COLLECT, SAMPLE = 0.8, 2.0, 0.1


def python_implementation():
    return platform.python_implementation().lower()


class Runner:
    def __init__(self, metadata=None, _argparser=None, **_settings):
        self.metadata = dict(metadata or {})
        self.argparser = _argparser or argparse.ArgumentParser()
        self.args = None

    def parse_args(self, args=None):
        if self.args is None:
            self.args = self.argparser.parse_args(args)
        return self.args

    def _report(self, name, run, inner_loops):
        """`run(loops)` answers the seconds that many loops took."""
        self.parse_args()
        loops, took = 1, run(1)
        while took < SAMPLE and loops < 1 << 20:
            loops = min(loops * 8, max(loops * 2, int(loops * SAMPLE / max(took, 1e-9))))
            took = run(loops)
        end = perf_counter() + WARM_UP
        while perf_counter() < end:
            run(loops)
        samples, end = [], perf_counter() + COLLECT
        while len(samples) < 3 or perf_counter() < end:
            samples.append(run(loops) / loops)
        print(json.dumps({"name": name, "seconds": statistics.median(samples) / (inner_loops or 1)}), flush=True)

    def bench_time_func(self, name, function, *args, inner_loops=None, **_settings):
        self._report(name, lambda loops: function(loops, *args), inner_loops)

    def bench_func(self, name, function, *args, inner_loops=None, **_settings):
        def run(loops):
            start = perf_counter()
            for _ in range(loops):
                function(*args)
            return perf_counter() - start

        self._report(name, run, inner_loops)

    def bench_async_func(self, name, function, *args, inner_loops=None, loop_factory=None, **_settings):
        async def timed(loops):
            start = perf_counter()
            for _ in range(loops):
                await function(*args)
            return perf_counter() - start

        def run(loops):
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                return runner.run(timed(loops))

        self._report(name, run, inner_loops)
