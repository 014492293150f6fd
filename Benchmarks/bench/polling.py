# SPDX-License-Identifier: Apache-2.0
"""Ten Modbus devices of 1,000 floats every 100 ms: what a point costs, and how old it is at a subscriber."""
import contextlib
import time

from . import manifests
from .node import Node, cpu_seconds, sleep_until
from .programs import Failure
from .table import Row

DEVICES, POINTS, CYCLE = 10, 1000, 100
PACE = DEVICES * POINTS * 1000 / CYCLE
WARM_UP = 5


def loop(programs, port, seconds):
    """The limit: bare libmodbus, same connections, pacing and simulator."""
    result = programs.limit(
        "modbus-loop", "--port", port, "--connections", DEVICES, "--points", POINTS, "--cycle", CYCLE,
        "--seconds", seconds, seconds=seconds + 30)
    if result["status"]:
        raise Failure(f"modbus-loop failed: {result}")
    return result


@contextlib.contextmanager
def loaded_node(programs, folder, port, compact, more=(), in_process=False):
    """An edgecore under that load, warm, with one subscriber to the telemetry; gives it and the broker's port."""
    folder.mkdir(exist_ok=True)
    with programs.broker(folder) as broker, Node(programs, folder, broker, in_process=in_process) as node:
        node.declare("load.yaml", manifests.polled_floats(port, DEVICES, POINTS, CYCLE, compact))
        if more:
            node.declare("more.yaml", more)
        node.start()
        node.await_online(DEVICES + (1 if more else 0))
        time.sleep(WARM_UP)
        yield node, broker


def cpu(programs, folder, options):
    with programs.simulator(folder, "--input", "sine", "--holding", "sine", "--period-ms", "50") as port:
        # The limit is the best that the machine can do, so of two measurements, before and after, the better.
        first = loop(programs, port, options.seconds / 2)
        compact = cost(programs, folder / "compact", port, True, options.seconds)
        full = cost(programs, folder / "full", port, False, options.seconds)
        second = loop(programs, port, options.seconds / 2)
    limit = min(first["cpu_us_per_point"], second["cpu_us_per_point"])
    for name, form, result, bar in (("cpu-compact", "compact form", compact, 3), ("cpu-full", "default form", full, 5)):
        agent, runner, pace, missed, bytes_per_message, lost = result
        ratio = (agent + runner) / limit
        kept = pace / PACE
        note = (f"edgecore {agent:.2f} + runner {runner:.2f} µs; {bytes_per_message / POINTS:.0f} bytes a point; "
                f"limit before {first['cpu_us_per_point']:.2f}, after {second['cpu_us_per_point']:.2f} µs")
        if missed or lost:
            note += f"; {missed} missed cycles, {lost} lost messages"
        if kept < 0.99:
            note += f"; only {kept:.0%} of the pace"
        yield Row(
            name, f"CPU a Modbus point, poll to MQTT, {form}", f"{agent + runner:.2f} µs", f"{limit:.2f} µs",
            f"{ratio:.2f}", f"≤ {bar} ×", ratio <= bar and kept >= 0.99, note)


def cost(programs, folder, port, compact, seconds, in_process=False):
    """CPU in µs a point of edgecore and of the runner, points a second, missed cycles, bytes a message and
    messages lost."""
    with loaded_node(programs, folder, port, compact, in_process=in_process) as (node, broker):
        subscriber = programs.start_limit("age", "--port", broker, "--seconds", seconds + 3, "--warmup", 1)
        processes = node.processes()
        # The API shows counters that are up to a second old unless nobody has asked for longer.
        time.sleep(2)
        points, missed = node.samples()
        start, before = time.monotonic(), [cpu_seconds(process) for process in processes]
        sleep_until(start + seconds)
        more_points, more_missed = node.samples()
        elapsed, after = time.monotonic() - start, [cpu_seconds(process) for process in processes]
        telemetry = programs.read(subscriber, "age", seconds + 30)
    read = more_points - points
    if not read:
        raise Failure("no point was read")
    costs = [1e6 * (late - early) / read for early, late in zip(before, after)]
    agent, runner = costs[0], sum(costs[1:])
    return (agent, runner, read / elapsed, more_missed - missed, telemetry["bytes_per_message"],
            telemetry["holes"] + telemetry["malformed"])


def age(programs, folder, options):
    with programs.simulator(folder, "--input", "clock", "--holding", "clock") as port:
        limit = loop(programs, port, min(5, options.seconds))
        with loaded_node(programs, folder, port, compact=True) as (_, broker):
            result = programs.limit(
                "age", "--port", broker, "--clock", "all", "--seconds", options.seconds, "--warmup", 2,
                seconds=options.seconds + 30)
    median, late = result["value_age_p50_ms"], result["value_age_p99_ms"]
    stale, lost = result["stale"], result["holes"] + result["malformed"] + result["without_clock"]
    rate = result["values"] / result["seconds"]
    note = f"{result['values']} values, {stale} stale, {lost} messages lost"
    if rate < 0.99 * PACE:
        note += f"; only {rate / PACE:.0%} of the pace"
    fresh = not stale and not lost and rate >= 0.99 * PACE
    shared = "age of a value at an MQTT subscriber, same load"
    low, high = limit["age_p50_us"] / 1e3, limit["age_p99_us"] / 1e3
    yield Row("age-p50", f"{shared}, p50", f"{median:.2f} ms", f"{low:.2f} ms (bare loop, cycle due to value read)",
              f"{median / low:.2f}", "≤ 3 ms, all fresh", median <= 3 and fresh, note)
    yield Row("age-p99", f"{shared}, p99", f"{late:.2f} ms", f"{high:.2f} ms (the same)",
              f"{late / high:.2f}", "≤ 15 ms, all fresh", late <= 15 and fresh, note)
