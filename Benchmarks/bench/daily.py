# SPDX-License-Identifier: Apache-2.0
"""The twin in daily operation: everything on, many values at once, many devices, many watchers, a broker away."""
import contextlib
import json
import os
import resource
import socket
import subprocess
import threading
import time

from . import footprint, manifests, messages
from .node import Client, Node, memory_megabytes
from .programs import Failure, await_that, end, free_port
from .table import Row, quantile

BATCH = 1000
WATCHERS, CHANGES = 1000, 10


def everything(programs, folder, options):
    """The row update-64 with history, the log of events, metrics and 100 watchers on."""
    seconds = options.seconds / 2
    with programs.broker(folder) as broker:
        before = messages.limits(programs, broker, "update", 64, seconds=seconds / 2)[0]
        with messages.twins(programs, folder, broker) as (node, process):
            with watching(programs, node, 100, "/v1/watch", seconds + 5), scraping(node):
                time.sleep(1)
                ours = messages.load(programs, broker, process, "update", 64, seconds)
        after = messages.limits(programs, broker, "update", 64, seconds=seconds / 2)[0]
    limit = messages.best(before, after)
    yield messages.rate_row("everything", "durable twin updates over MQTT, 64 in flight; history, events, metrics each "
                            "second and 100 watchers of all devices", ours, limit)
    ratio = ours["cpu_us"] / limit["cpu_us"]
    yield Row("everything-cpu", "CPU of edgecore for such an update, without what 100 watchers cost (row watchers)",
              f"{ours['cpu_us']:.1f} µs", f"{limit['cpu_us']:.1f} µs", f"{ratio:.2f}", "≤ 2 ×", ratio <= 2)


@contextlib.contextmanager
def watching(programs, node, count, target, seconds):
    process = programs.start_limit("sse-load", "--socket", node.socket, "--target", target, "--connections", count,
                                   "--seconds", seconds, "--warmup", 0, "--pid", node.process.pid)
    try:
        yield
    finally:
        end(process)


@contextlib.contextmanager
def scraping(node):
    """Asks for the metrics once a second, as Prometheus would do it four times a minute."""
    stop = threading.Event()

    def scrape():
        while not stop.wait(1):
            with contextlib.closing(Client(node.socket)) as client:
                client.exchange(client.encoded("GET", "/metrics"))

    thread = threading.Thread(target=scrape, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


def batch(programs, folder, options):
    """1,000 values in one request, durable."""
    with programs.broker(folder) as broker, Node(programs, folder, broker, mappers=()) as node:
        names = [f"p{i}" for i in range(10)]
        node.declare("devices.yaml", [
            manifests.model("plain", [(name, "INT", "ReadWrite") for name in names]),
            *(manifests.message_device(f"bench-{i}", "plain", names) for i in range(BATCH // 10))])
        node.start()
        await_that("the devices", lambda: len(node.get("/v1/devices?limit=5000")["items"]) == BATCH // 10)
        for kind in ("desired", "reported"):
            times, value = [], 0
            with contextlib.closing(Client(node.socket)) as client:
                until = time.monotonic() + options.seconds / 2
                while time.monotonic() < until or len(times) < 20:
                    value += 1
                    request = client.encoded("POST", "/v1/batch", {"mode": "all", kind: [
                        {"device": f"default/bench-{i}", "properties": {name: value for name in names}}
                        for i in range(BATCH // 10)]})
                    begin = time.monotonic()
                    status, answer = client.exchange(request)
                    times.append(time.monotonic() - begin)
                    if status != 200:
                        raise Failure(f"a batch of {kind} values: {status} {answer[:300]}")
            rate = BATCH * len(times) / sum(times)
            yield Row(f"batch-{kind}", f"{kind} values, 1,000 a request, durable, one request at a time", f"{rate:,.0f}/s",
                      "", "", "≥ 100,000/s", rate >= 100_000,
                      f"a request: p50 {quantile(times, 0.5) * 1e3:.1f} ms, p99 {quantile(times, 0.99) * 1e3:.1f} ms")


def many(programs, folder, _):
    """10,000 devices of ten properties: the start, and memory."""
    names = [f"p{i}" for i in range(10)]
    with programs.broker(folder) as broker, Node(programs, folder, broker, mappers=()) as node:
        objects = [manifests.model("plain", [(name, "FLOAT", "ReadWrite") for name in names])]
        objects += [manifests.message_device(f"bench-{i}", "plain", names) for i in range(10_000)]
        for first in range(0, len(objects), 100):
            node.declare(f"part-{first:05}.yaml", objects[first:first + 100])
        node.start()
        await_that("10,000 devices", lambda: status(node, "/v1/devices/default/bench-9999") == 200, 120)
        with contextlib.closing(Client(node.socket)) as client:
            for first in range(0, 10_000, 100):
                answer = client.request("POST", "/v1/batch", {"reported": [
                    {"device": f"default/bench-{i}", "properties": {name: i + 0.5 for name in names}}
                    for i in range(first, first + 100)]})
                if answer[0] != 200:
                    raise Failure(f"the values were not taken: {answer}")
        times = []
        for _ in range(5):
            node.stop()
            times.append(footprint.time_to_answer(node, 10_000))
            await_that("the node to be ready", node.is_ready, 120)
        time.sleep(5)
        os.sync()
        resident, dirty = memory_megabytes(node.process.pid)
    median = quantile(times, 0.5)
    yield Row("start-10000", "process start to the first answered query, 10,000 devices of 10 properties", f"{median:.0f} ms",
              "", "", "≤ 600 ms", median <= 600, f"median of {len(times)}, {min(times):.0f} to {max(times):.0f} ms")
    yield Row("memory-10000", "edgecore with 10,000 devices of 10 properties, resident", f"{resident:.1f} MB", "", "",
              "≤ 60 MB", resident <= 60, f"of it private dirty {dirty:.1f} MB")


def status(node, target):
    with contextlib.closing(Client(node.socket)) as client:
        return client.exchange(client.encoded("GET", target))[0]


def watchers(programs, folder, options):
    """1,000 readers of one device's changes, against a C loop that writes as many bytes to as many sockets."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with programs.broker(folder) as broker, Node(programs, folder, broker, mappers=("virtual",)) as node:
        node.declare("devices.yaml", manifests.virtual_devices(1, 1, 1000 // CHANGES))
        node.start()
        node.await_online(1)
        alone = sse(programs, node.socket, 1, node.process.pid, options.seconds / 2)
        ours = sse(programs, node.socket, WATCHERS, node.process.pid, options.seconds)
    share = ours["events"] / (WATCHERS * CHANGES * ours["seconds"])
    event = ours["bytes"] / max(1, ours["events"])
    place = folder / "fanout.sock"
    process = subprocess.Popen([programs.limits / "fanout", "--socket", str(place), "--bytes", str(int(event)),
                                "--rate", str(CHANGES)])
    try:
        await_that("fanout", place.exists)
        limit = sse(programs, place, WATCHERS, process.pid, options.seconds)
    finally:
        end(process)
    # What the device itself costs is not the watchers'.
    cpu = (ours["cpu_s"] - alone["cpu_s"] / alone["seconds"] * ours["seconds"]) / ours["seconds"]
    least = limit["cpu_s"] / limit["seconds"]
    yield Row("watchers", f"{WATCHERS:,} watchers of a device that changes {CHANGES} times a second: CPU of edgecore for them",
              f"{cpu:.1%} of a core", f"{least:.1%} (a C loop with the same bytes)", f"{cpu / least:.2f}", "≤ 2 ×",
              cpu <= 2 * least and share > 0.95, f"{share:.0%} of the changes arrived, {event:.0f} bytes each")


def sse(programs, place, count, pid, seconds):
    return programs.limit("sse-load", "--socket", place, "--target", "/v1/watch?device=default/virtual-0", "--connections",
                          count, "--seconds", seconds, "--pid", pid, seconds=seconds + 60)


def history(programs, folder, _):
    """A day of 1,000 points at 1 s, in process: what a sample costs, and what a query takes."""
    made = subprocess.run([programs.release / "history-bench", "1000", "24", folder], capture_output=True, text=True,
                          timeout=600, check=False)
    if made.returncode:
        raise Failure(f"history-bench: {made.stderr.strip()[-300:]}")
    facts = json.loads(made.stdout)
    cost, size, took = facts["totalMicroseconds"], facts["bytesPerSample"], facts["queryMedianMilliseconds"]
    shared = "1,000 points at 1 s for a day"
    yield Row("history-append", f"{shared}: CPU a sample, encoding and disk included", f"{cost:.2f} µs", "", "", "≤ 1 µs",
              cost <= 1 and not facts["dropped"], f"{facts['samples']:,} samples, {facts['dropped']} dropped")
    yield Row("history-size", f"{shared}: bytes a sample on disk", f"{size:.2f}", "", "", "≤ 4", size <= 4)
    yield Row("history-query", f"{shared}: a query of {facts['steps']} steps over a day, median", f"{took:.1f} ms", "", "",
              "≤ 20 ms", took <= 20, f"p95 {facts['query95thMilliseconds']:.1f} ms")


def outage(programs, folder, options):
    """The broker cannot be reached for ten minutes (or --outage-seconds) at 1,000 points a second."""
    with programs.broker(folder) as broker, Gate(broker) as gate, \
            Node(programs, folder, gate.port, mappers=("virtual",), settings="  eventBus: {telemetryQOS: 1}\n") as node, \
            programs.watcher(broker, folder) as notes:
        node.declare("devices.yaml", manifests.virtual_devices(10, 100, 1000, compact=False))
        node.start()
        node.await_online(10)
        time.sleep(5)
        gate.close()
        time.sleep(options.outage_seconds)
        gate.open()
        await_that("the end of the replay", lambda: spool_messages(node) == 0, options.outage_seconds + 120, pause=0.5)
        time.sleep(5)
        notes()
        seen = [message(text) for text in (folder / "watched").read_text().split("\n")[:-1]]
    lost, late, replayed = account(seen)
    yield Row("outage", f"no broker for {options.outage_seconds / 60:g} minutes at 1,000 points a second: messages lost",
              f"{lost}", "", "", "0", lost == 0 and replayed > 0, f"{replayed:,} messages came later")
    yield Row("outage-fresh", "age of fresh values at a subscriber, the time of the replay included, p99", f"{late:.0f} ms",
              "", "", "≤ 1,000 ms (one cycle)", late <= 1000)


class Gate:
    """Lets connections through to a broker, or none."""

    def __init__(self, broker):
        self.broker, self.pairs, self.listener = broker, [], None
        self.port = free_port()
        self.open()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def close(self):
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        for end_point in self.pairs:
            with contextlib.suppress(OSError):
                end_point.shutdown(socket.SHUT_RDWR)
            end_point.close()
        self.pairs = []

    def accept(self, listener):
        while True:
            try:
                inner, _ = listener.accept()
                outer = socket.create_connection(("127.0.0.1", self.broker))
            except OSError:
                return
            self.pairs += [inner, outer]
            for source, target in ((inner, outer), (outer, inner)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=pump, args=(source, target), daemon=True).start()


def pump(source, target):
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        pass
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def spool_messages(node):
    counters = node.get("/v1/node")["counters"]["eventBus"][0]
    return counters["spool"]["messages"]


def message(text):
    """Arrival in seconds, device, number, the message's own time in ms, and whether it is a replay."""
    seconds, topic, payload = text.split(" ", 2)
    facts = json.loads(payload)
    return float(seconds), topic.split("/")[4], facts["seq"], facts["timestamp"], facts.get("replay", False)


def account(seen):
    """Numbers missing between the first and the last of each device; age of what is live; how many were replayed."""
    numbers, ages, replayed = {}, [], 0
    for moment, device, number, stamp, is_replay in seen:
        numbers.setdefault(device, set()).add(number)
        if is_replay:
            replayed += 1
        else:
            ages.append((moment - stamp / 1e3) * 1e3)
    lost = sum(max(found) - min(found) + 1 - len(found) for found in numbers.values())
    return lost, quantile(ages, 0.99) if ages else float("inf"), replayed
