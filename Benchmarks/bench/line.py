# SPDX-License-Identifier: Apache-2.0
"""One dead unit beside a live one on a connection."""
import time

from . import manifests
from .node import Node, sleep_until
from .programs import Failure
from .table import Row

CYCLE = 100


def dead_unit(programs, folder, options):
    """The time limit is 1 s and the back-off 1 to 30 s by default. The first minute, in which the back-off
    grows, does not count."""
    with programs.simulator(folder, "--units", "1", "--dead-unit", "2") as port, programs.broker(folder) as broker, \
            Node(programs, folder, broker) as node:
        points = manifests.floats(10)
        node.declare("line.yaml", [
            manifests.model("floats", [(name, "FLOAT") for name, _ in points], "modbus"),
            *(manifests.modbus_device(name, "floats", "127.0.0.1", port, unit, points, CYCLE)
              for name, unit in (("live", 1), ("dead", 2)))])
        node.start()
        started = time.monotonic()
        node.await_online(1)

        def batches():
            return node.get("/v1/devices/default/live").get("sequence", 0)

        sleep_until(started + options.dead_unit_seconds / 5)
        first, before = time.monotonic(), batches()
        sleep_until(started + options.dead_unit_seconds)
        elapsed, kept = time.monotonic() - first, batches() - before
        state = node.get("/v1/devices/default/dead")["link"]
    if state["state"] == "online":
        raise Failure("the dead unit is online")
    share = kept / (elapsed * 1000 / CYCLE)
    note = f"{kept} of {elapsed * 1000 / CYCLE:.0f} polls; the dead one is {state['state']}"
    if options.dead_unit_seconds < 300:
        note += f"; measured for {options.dead_unit_seconds:g} s only"
    yield Row("dead-unit", "samples that a live unit keeps beside a dead one, minutes 2 to 5", f"{share:.1%}",
              "100 %", f"{share:.3f}", "≥ 95 %", share >= 0.95, note)
