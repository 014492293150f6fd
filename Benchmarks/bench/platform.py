# SPDX-License-Identifier: Apache-2.0
"""The mapper platform: what isolation costs, how fast a mapper is back or replaced, what a method call takes."""
import contextlib
import os
import shutil
import signal
import time

from . import manifests, polling
from .node import Client, Node
from .programs import Failure, await_that
from .table import Row, quantile

DEVICES, CYCLE = 100, 100
CALLS = 2000


def isolation(programs, folder, options):
    """The load of polling.py, in the compact form: the mapper in a runner, and in the agent itself."""
    with programs.simulator(folder, "--input", "sine", "--holding", "sine", "--period-ms", "50") as port:
        def measure(name, in_process):
            agent, runner, pace, missed, _, lost = polling.cost(
                programs, folder / name, port, True, options.seconds, in_process)
            if pace < 0.99 * polling.PACE or missed or lost:
                raise Failure(f"{name}: {pace:.0f} points a second, {missed} missed cycles, {lost} lost messages")
            return agent + runner

        inside = measure("inside", True)
        runner = measure("runner", False)
        inside = min(inside, measure("inside-again", True))
    ratio = runner / inside
    yield Row("isolation", "CPU a Modbus point with a runner, against the mapper in process; 100,000 points a second",
              f"{runner:.2f} µs", f"{inside:.2f} µs (in process)", f"{ratio:.2f}", "≤ 1.25 ×", ratio <= 1.25)


@contextlib.contextmanager
def watched_node(programs, folder):
    """A node with 100 devices of one mapper and ten of another, and a subscriber that notes every message."""
    with programs.broker(folder) as broker, Node(programs, folder, broker, mappers=("virtual", "neighbour")) as node:
        node.declare("devices.yaml", manifests.virtual_devices(DEVICES, 10, CYCLE))
        node.declare("neighbours.yaml", manifests.virtual_devices(10, 10, CYCLE, driver="neighbour", prefix="neighbour"))
        node.start()
        node.await_online(DEVICES + 10)
        with programs.watcher(broker, folder) as notes:
            time.sleep(3)
            yield node, notes


def crash(programs, folder, _):
    with watched_node(programs, folder) as (node, notes):
        _, missed = node.samples("neighbour")
        before = node.runner("virtual")["restarts"]
        struck = time.time()
        os.kill(node.runner("virtual")["processID"], signal.SIGSEGV)
        time.sleep(4)
        if node.runner("virtual")["restarts"] != before + 1:
            raise Failure("the runner was not started again once")
        _, missed_after = node.samples("neighbour")
        seen = notes()
    first = {}
    for moment, device, _ in seen:
        # What was under way when the process ended may still come.
        if device.startswith("virtual") and moment > struck + 0.03:
            first.setdefault(device, moment)
    if len(first) < DEVICES:
        raise Failure(f"{DEVICES - len(first)} devices did not come back within 4 s")
    back = (max(first.values()) - struck) * 1e3
    lost = missed_after - missed + holes(seen, "neighbour")
    yield Row("crash", f"a mapper with {DEVICES} devices crashes: until the last one has a fresh value at a subscriber",
              f"{back:.0f} ms", "100 ms (first back-off)", f"{back / 100:.1f}", "≤ 400 ms, no missed poll elsewhere",
              back <= 400 and not lost, f"{lost} polls missed by another mapper's 10 devices")


def replace(programs, folder, _):
    with watched_node(programs, folder) as (node, notes):
        version = node.runner("virtual")["hash"]
        shutil.copy(programs.mapper("virtual"), folder / "new.so")
        with open(folder / "new.so", "ab") as library:
            library.write(b"another content, the same code")
        start = time.time()
        os.replace(folder / "new.so", node.mapper_folder / "virtual.so")
        await_that("the new library", lambda: node.runner("virtual")["hash"] != version)
        time.sleep(3)
        node.await_online(DEVICES + 10)
        seen = notes()
    gaps, last = {}, {}
    for moment, device, _ in seen:
        if device.startswith("virtual"):
            if moment > start - 1 and device in last:
                gaps[device] = max(gaps.get(device, 0), moment - last[device])
            last[device] = moment
    lost = holes(seen, "virtual")
    worst = max(gaps.values()) * 1e3
    yield Row("replace", f"a library with {DEVICES} devices at {CYCLE} ms is replaced: longest gap of a device at a subscriber",
              f"{worst:.0f} ms", f"{CYCLE} ms (one cycle)", f"{worst / CYCLE:.2f}", "< 2 cycles, nothing lost or doubled",
              worst < 2 * CYCLE and not lost, f"median {quantile(gaps.values(), 0.5) * 1e3:.0f} ms; {lost} holes or doubles")


def holes(seen, prefix):
    """Messages whose number does not follow the one before of the same device."""
    last, count = {}, 0
    for _, device, number in seen:
        if device.startswith(prefix):
            if device in last and number != last[device] + 1:
                count += 1
            last[device] = number
    return count


def method(programs, folder, _):
    with programs.broker(folder) as broker, Node(programs, folder, broker, mappers=("virtual",)) as node:
        node.declare("devices.yaml", manifests.virtual_devices(10, 10, 1000))
        node.start()
        node.await_online(10)
        request = Client.encoded("POST", "/v1/devices/default/virtual-3/methods/add", {"a": 1.5, "b": 2.25})
        times = []
        with contextlib.closing(Client(node.socket)) as client:
            for _ in range(CALLS):
                start = time.monotonic()
                status, body = client.exchange(request)
                times.append((time.monotonic() - start) * 1e3)
                if status != 200 or b"3.75" not in body:
                    raise Failure(f"the method call: {status} {body[:300]!r}")
                time.sleep(0.001)
    median = quantile(times, 0.5)
    yield Row("method", "method call over HTTP on the unix socket, through the runner and back, p50", f"{median:.2f} ms",
              "", "", "≤ 1 ms", median <= 1, f"{CALLS} calls, p99 {quantile(times, 0.99):.2f} ms")
