# SPDX-License-Identifier: Apache-2.0
"""Setting a register through the twin API, idle and beside the load of polling.py."""
import contextlib
import queue
import random
import subprocess
import threading
import time

from . import manifests, polling
from .node import Client, Node
from .programs import Failure
from .table import Row, quantile

SETS = 250


def sets(programs, folder, options):
    disk = programs.disk_ms(folder)
    patterns = ("--units", "1,2", "--input", "sine", "--period-ms", "50")
    idle_folder = folder / "idle"
    idle_folder.mkdir()
    with watched_simulator(programs, *patterns) as (port, written):
        with programs.broker(idle_folder) as broker, Node(programs, idle_folder, broker) as node:
            node.declare("target.yaml", list(manifests.settable(port, cycle=1000)))
            node.start()
            node.await_online(1)
            time.sleep(1)
            times, answers = set_and_time(programs, node, port, written)
    disk = min(disk, programs.disk_ms(folder))
    yield row("set-idle", "idle", times, answers, disk, 1.5)
    with programs.simulator(folder, *patterns) as port:
        target = list(manifests.settable(port, cycle=1000))
        with polling.loaded_node(programs, folder / "load", port, compact=True, more=target) as (node, broker):
            subscriber = programs.start_limit("age", "--port", broker, "--seconds", 600)
            try:
                times, answers = set_and_time(programs, node, port)
            finally:
                subscriber.terminate()
                programs.read(subscriber, "age")
            yield row("set-load", "under that load, on a line that is polled", times, answers, disk, 3)


@contextlib.contextmanager
def watched_simulator(programs, *arguments):
    """modbus-sim, and the moments at which it said that it had written a register."""
    command = [programs.release / "modbus-sim", "--host", "0.0.0.0", "--port", "0", "--print-port", "--log", *arguments]
    simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1)
    written = queue.SimpleQueue()

    def follow():
        for line in simulator.stdout:
            if " function 6 " in line:
                written.put(time.monotonic())

    try:
        port = int(simulator.stdout.readline())
        threading.Thread(target=follow, daemon=True).start()
        yield port, written
    finally:
        simulator.terminate()
        simulator.wait(10)


def row(name, where, times, answers, disk, bar):
    median = quantile(times, 0.5)
    return Row(
        name, f"HTTP set over the unix socket, durable, to register written, {where}, p50", f"{median:.2f} ms",
        f"{disk:.2f} ms (one fdatasync)", f"{median / disk:.1f}", f"≤ {bar} ms", median <= bar,
        f"{len(times)} sets, p99 {quantile(times, 0.99):.2f} ms; answer that says applied p50 "
        f"{quantile(answers, 0.5):.2f} ms")


def set_and_time(programs, node, port, written=None):
    """Milliseconds from the request to the register, and to the answer that says applied.

    Without `written` the answer stands for the register too, which it follows."""
    times, answers, value = [], [], 0
    chance = random.Random(1)
    with contextlib.closing(Client(node.socket)) as client:
        for _ in range(SETS):
            # Another value each time, and at a moment that has nothing to do with the poll cycle.
            value = (value + chance.randint(1, 60000)) % 65536
            time.sleep(chance.uniform(0.01, 0.06))
            request = client.encoded("PATCH", "/v1/devices/default/target?wait=applied&timeout=5s",
                                     {"properties": {"setpoint": {"desired": value}}})
            start = time.monotonic()
            status, body = client.exchange(request)
            answers.append((time.monotonic() - start) * 1e3)
            if status != 200:
                raise Failure(f"setting {value}: {status} {body[:300]!r}")
            times.append((written.get(timeout=5) - start) * 1e3 if written else answers[-1])
    read = subprocess.run(
        [programs.release / "modbus-sim", "get", "--port", str(port), "--unit", "2", "holding", "10", "1"],
        capture_output=True, text=True, timeout=10, check=False)
    if read.stdout.split()[-1:] != [str(value)]:
        raise Failure(f"the register holds {read.stdout.strip()} {read.stderr.strip()}, not {value}")
    return times, answers
