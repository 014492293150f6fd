# SPDX-License-Identifier: Apache-2.0
"""Memory, size, and time from the start of the process to the first answer."""
import contextlib
import os
import shutil
import statistics
import subprocess
import time

from . import manifests
from .node import Client, Node, memory_megabytes
from .programs import Failure
from .table import Row

STARTS = 7


def memory(programs, folder, options):
    with programs.simulator(folder, "--input", "sine") as port, programs.broker(folder) as broker, \
            Node(programs, folder, broker) as node:
        node.declare("devices.yaml", manifests.polled_floats(port, devices=100, points=10, cycle=1000))
        node.start()
        node.await_online(100)
        time.sleep(options.seconds)
        # Else pages of just built programs and libraries count as dirty until the kernel has written them.
        os.sync()
        for name, process, resident_bar, dirty_bar, what in (
                ("edgecore", node.process.pid, 24, 7, "edgecore with 100 Modbus devices of 10 points at 1 s"),
                ("runner", node.runner()["processID"], 7, 2, "their runner")):
            resident, dirty = memory_megabytes(process)
            for suffix, kind, size, bar in (("", "resident", resident, resident_bar),
                                            ("-dirty", "of it private dirty", dirty, dirty_bar)):
                yield Row(f"memory-{name}{suffix}", f"{what}, {kind}", f"{size:.1f} MB", "", "", f"≤ {bar} MB",
                          size <= bar)


def size(programs, folder, _):
    stripped = folder / "edgecore"
    shutil.copy(programs.release / "edgecore", stripped)
    subprocess.run(["strip", stripped], check=True)
    needed = subprocess.run(["readelf", "-d", stripped], capture_output=True, text=True, check=True).stdout
    if "libswift" in needed:
        raise Failure("edgecore is linked against Swift's shared libraries; build with --static-swift-stdlib")
    megabytes = stripped.stat().st_size / 1e6
    yield Row("size", "stripped edgecore, static Swift runtime", f"{megabytes:.1f} MB", "", "", "≤ 30 MB",
              megabytes <= 30)


def start(programs, folder, _):
    with programs.simulator(folder, "--input", "sine", "--units", "1-100") as port, programs.broker(folder) as broker:
        for count, bar in ((1, 60), (1000, 150)):
            own = folder / str(count)
            own.mkdir()
            with Node(programs, own, broker) as node:
                node.start()
                declare(node, port, count)
                node.await_online(count, seconds=120)
                times = []
                for _ in range(STARTS):
                    node.stop()
                    times.append(time_to_answer(node, count))
                    node.await_online(count, seconds=120)
            median = statistics.median(times)
            yield Row(f"start-{count}",
                      f"process start to the first answered query, {count:,} device{'s' if count > 1 else ''}",
                      f"{median:.0f} ms", "", "", f"≤ {bar} ms", median <= bar,
                      f"median of {STARTS}, {min(times):.0f} to {max(times):.0f} ms")


def declare(node, port, count):
    """As `edgectl apply` does it: a file an object, written by the agent. 100 units on each of ten lines."""
    points = manifests.floats(10)
    objects = [manifests.model("floats", [(name, "FLOAT") for name, _ in points], "modbus")]
    objects += [manifests.modbus_device(f"bench-{i}", "floats", f"127.0.0.{i // 100 + 1}", port, i % 100 + 1,
                                        points, 1000) for i in range(count)]
    with contextlib.closing(Client(node.socket)) as client:
        for first in range(0, len(objects), 100):
            items = {"apiVersion": "v1", "kind": "List", "items": objects[first:first + 100]}
            status, answer = client.request("PUT", "/v1/manifests", items)
            if status != 200:
                raise Failure(f"the manifests were not taken: {status} {str(answer)[:500]}")


def time_to_answer(node, count):
    """Milliseconds until the twin of the last device is answered."""
    node.socket.unlink(missing_ok=True)
    request = Client.encoded("GET", f"/v1/devices/default/bench-{count - 1}")
    begin = time.monotonic()
    node.launch()
    while time.monotonic() < begin + 30:
        try:
            with contextlib.closing(Client(node.socket)) as client:
                if client.exchange(request)[0] == 200:
                    return (time.monotonic() - begin) * 1e3
        except OSError:
            pass
        time.sleep(0.0005)
    raise Failure("no answer within 30 s of the start")
