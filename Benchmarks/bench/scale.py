# SPDX-License-Identifier: Apache-2.0
"""Many devices, many points, many values."""
import os
import time

from . import manifests
from .node import Node, cpu_seconds, memory_megabytes
from .programs import Failure
from .table import Row, quantile

# Ten devices of so many points; the first that cannot be kept up ends the search.
POINTS = (4000, 6000, 8000, 10000, 12000, 14000, 16000, 20000, 24000)
CYCLE = 50


def lines(programs, folder, options):
    """1,000 devices behind 100 connections, ten units each, every second."""
    with programs.simulator(folder, "--input", "sine", "--units", "1-10") as port, programs.broker(folder) as broker, \
            Node(programs, folder, broker) as node:
        points = manifests.floats(10)
        node.declare("devices.yaml", [
            manifests.model("floats", [(name, "FLOAT") for name, _ in points], "modbus"),
            *(manifests.modbus_device(f"line-{i}", "floats", f"127.0.0.{i // 10 + 1}", port, i % 10 + 1, points, 1000,
                                      compact=True) for i in range(1000))])
        node.start()
        node.await_online(1000)
        time.sleep(5)
        with programs.watcher(broker, folder) as notes:
            time.sleep(options.seconds)
            seen = notes()
        os.sync()
        resident, dirty = memory_megabytes(node.runner()["processID"])
    last, off = {}, []
    for moment, device, _ in seen:
        if device in last:
            off.append(abs(moment - last[device] - 1) * 1e3)
        last[device] = moment
    if len(last) < 1000:
        raise Failure(f"only {len(last)} devices were heard of")
    late = quantile(off, 0.99)
    shared = "1,000 devices of 10 points on 100 lines at 1 s"
    yield Row("lines-memory", f"{shared}: the runner, resident", f"{resident:.1f} MB", "", "", "≤ 25 MB", resident <= 25,
              f"of it private dirty {dirty:.1f} MB")
    yield Row("lines-jitter", f"{shared}: how far a cycle is from 1 s at a subscriber, p99", f"{late:.1f} ms", "", "",
              "≤ 20 ms", late <= 20, f"{len(off)} cycles, p50 {quantile(off, 0.5):.1f} ms")


def points(programs, folder, options):
    """Bytes that a point adds to all processes, from 10,000 to 100,000 points."""
    sizes = {}
    with programs.simulator(folder, "--input", "sine") as port, programs.broker(folder) as broker:
        for devices in (10, 100):
            own = folder / str(devices)
            own.mkdir()
            with Node(programs, own, broker) as node:
                # A file an object, as `edgectl apply` does it; all in one would be too large a file.
                for i, item in enumerate(manifests.polled_floats(port, devices, 1000, 10000, compact=True)):
                    node.declare(f"object-{i:03}.yaml", [item])
                node.start()
                node.await_online(devices, seconds=120)
                time.sleep(options.seconds + 10)
                os.sync()
                sizes[devices] = [memory_megabytes(process)[0] for process in node.processes()]
    agent, runner = ((late - early) * 1e6 / 90_000 for early, late in zip(sizes[10], sizes[100]))
    yield Row("memory-point", "memory that a Modbus point adds to all processes, from 10,000 to 100,000 points",
              f"{agent + runner:.0f} bytes", "", "", "≤ 250 bytes", agent + runner <= 250,
              f"edgecore {agent:.0f}, runner {runner:.0f}; at 100,000 points {sum(sizes[100]):.0f} MB in all")


def values(programs, folder, options):
    """The most changed values a second that one subscriber gets from ten devices."""
    best, note = 0.0, ""
    for points in POINTS:
        rate, lost, late, busy = attempt(programs, folder / str(points), points, options.seconds / 2)
        asked = 10 * points * 1000 / CYCLE
        kept = rate >= 0.98 * asked and not lost
        print(f"  {asked:,.0f}/s asked: {rate:,.0f}/s, {lost} lost, age p99 {late:.0f} ms, {busy}", flush=True)
        if rate > best and not lost:
            best, note = rate, f"ten devices of {points:,} points at {CYCLE} ms, none lost, age p99 {late:.0f} ms; CPU {busy}"
        if not kept:
            break
    yield Row("values", "most changed values a second at one MQTT subscriber, ten devices simulated in C, two cores",
              f"{best:,.0f}/s", "366,000/s (best peer)", f"{best / 366_000:.2f}", "≥ 800,000/s", best >= 800_000, note)


def attempt(programs, folder, points, seconds):
    """Values a second, messages lost, age of a message in ms (p99), and who was busy how much."""
    folder.mkdir()
    with programs.broker(folder) as broker, Node(programs, folder, broker, mappers=("virtual",)) as node:
        node.declare("devices.yaml", manifests.virtual_devices(10, points, CYCLE))
        node.start()
        node.await_online(10)
        time.sleep(3)
        processes = dict(zip(("edgecore", "runner"), node.processes()))
        start, before = time.monotonic(), {name: cpu_seconds(process) for name, process in processes.items()}
        result = programs.limit("age", "--port", broker, "--seconds", seconds, "--warmup", 1, seconds=seconds + 30)
        elapsed = time.monotonic() - start
        busy = ", ".join(f"{name} {(cpu_seconds(process) - before[name]) / elapsed:.0%}"
                         for name, process in processes.items())
    return (result["messages"] * points / result["seconds"], result["holes"] + result["malformed"],
            result["age_p99_ms"], busy)
