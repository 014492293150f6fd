# SPDX-License-Identifier: Apache-2.0
"""Twin requests over MQTT, QoS 1, against a responder without logic or disk behind the same broker."""
import contextlib
import time

from . import manifests
from .node import Node
from .programs import Failure
from .table import Row

DEVICES = 100
PROPERTIES = ("p0", "p1")


@contextlib.contextmanager
def twins(programs, folder, broker):
    """An edgecore with devices that no mapper drives, every property with a value as in the limit's answers;
    gives the node and its process."""
    with Node(programs, folder, broker, mappers=()) as node:
        node.declare("devices.yaml", [
            manifests.model("plain", [(name, "STRING", "ReadWrite") for name in PROPERTIES]),
            *(manifests.message_device(f"bench-{i}", "plain", PROPERTIES) for i in range(DEVICES))])
        node.start()
        for name in PROPERTIES:
            load(programs, broker, node.process, "update", 16, 1, name)
        yield node, node.process


def load(programs, broker, process, mode, in_flight, seconds, name="p0"):
    result = programs.limit(
        "mqtt-load", "--port", broker, "--mode", mode, "--in-flight", in_flight, "--devices", DEVICES,
        "--property", name, "--seconds", seconds, "--warmup", 1, "--pid", process.pid, seconds=seconds + 30)
    if result["status"]:
        raise Failure(f"mqtt-load failed: {result}")
    return result


def limits(programs, broker, mode, *in_flight, seconds):
    """A result for each number of requests in flight."""
    with programs.responder(broker) as process:
        return [load(programs, broker, process, mode, count, seconds) for count in in_flight]


def best(first, second):
    """The limit is the best that the machine can do, so of two measurements, before and after, the better."""
    return {key: (max if key == "rate" else min)(first[key], second[key])
            for key in ("rate", "cpu_us", "p50_us", "p99_us")}


def update(programs, folder, options):
    seconds = options.seconds / 2
    disk = programs.disk_ms(folder)
    with programs.broker(folder) as broker:
        before = limits(programs, broker, "update", 64, 1, seconds=seconds / 2)
        with twins(programs, folder, broker) as (_, process):
            ours = load(programs, broker, process, "update", 64, seconds)
            time.sleep(1)
            single = load(programs, broker, process, "update", 1, seconds)
        after = limits(programs, broker, "update", 64, 1, seconds=seconds / 2)
    disk = min(disk, programs.disk_ms(folder))
    limit, single_limit = (best(*pair) for pair in zip(before, after))
    yield rate_row("update-64", "durable twin updates over MQTT, 64 in flight", ours, limit)
    ratio = ours["cpu_us"] / limit["cpu_us"]
    yield Row("update-64-cpu", "CPU of edgecore for such an update", f"{ours['cpu_us']:.1f} µs",
              f"{limit['cpu_us']:.1f} µs", f"{ratio:.2f}", "≤ 2 ×", ratio <= 2)
    median, least = single["p50_us"] / 1e3, single_limit["p50_us"] / 1e3
    bar = least + disk + 0.3
    yield Row("update-1", "the same, 1 in flight, p50", f"{median:.2f} ms",
              f"{least:.2f} ms + fdatasync {disk:.2f} ms", f"{median / (least + disk):.2f}",
              f"≤ {bar:.2f} ms (limit + 0.3 ms)", median <= bar, f"p99 {single['p99_us'] / 1e3:.2f} ms")


def get(programs, folder, options):
    seconds = options.seconds / 2
    with programs.broker(folder) as broker:
        before, = limits(programs, broker, "get", 64, seconds=seconds / 2)
        with twins(programs, folder, broker) as (_, process):
            ours = load(programs, broker, process, "get", 64, seconds)
        after, = limits(programs, broker, "get", 64, seconds=seconds / 2)
    limit = best(before, after)
    yield rate_row("get-64", "twin get over MQTT, 64 in flight", ours, limit)


def rate_row(name, work, ours, limit):
    ratio = ours["rate"] / limit["rate"]
    return Row(name, work, f"{ours['rate']:,.0f}/s", f"{limit['rate']:,.0f}/s", f"{ratio:.0%}", "≥ 70 %",
               ratio >= 0.7, f"p50 {ours['p50_us'] / 1e3:.1f}, p99 {ours['p99_us'] / 1e3:.1f} ms; CPU {ours['cpu_us']:.0f} µs, "
                             f"limit's {limit['cpu_us']:.0f} µs")
