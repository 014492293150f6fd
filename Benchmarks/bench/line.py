# SPDX-License-Identifier: Apache-2.0
"""One dead unit beside a live one on a connection."""
from . import manifests
from .node import Node
from .programs import Failure
from .table import Row

CYCLE = 100


def dead_unit(programs, folder, options):
    """The time limit is 1 s and the back-off 1 to 30 s by default. The first minute, in which the back-off
    grows, does not count."""
    with programs.simulator(folder, "--units", "1", "--dead-unit", "2", "--input", "clock") as port, programs.broker(folder) as broker, \
            Node(programs, folder, broker) as node:
        points = manifests.floats(10)
        node.declare("line.yaml", [
            manifests.model("floats", [(name, "FLOAT") for name, _ in points], "modbus"),
            *(manifests.modbus_device(name, "floats", "127.0.0.1", port, unit, points, CYCLE)
              for name, unit in (("live", 1), ("dead", 2)))])
        node.start()
        node.await_online(1)
        lead = options.dead_unit_seconds / 5
        # Counts readings, not messages: a message may also say that reading failed.
        result = programs.limit(
            "age", "--port", broker, "--topic", "$ke/events/device/default/live/data/update", "--clock", "f0",
            "--warmup", lead, "--seconds", options.dead_unit_seconds - lead, seconds=options.dead_unit_seconds + 30)
        state = node.get("/v1/devices/default/dead")["link"]
    if state["state"] == "online":
        raise Failure("the dead unit is online")
    kept, polls = result["values"] - result["stale"], result["seconds"] * 1000 / CYCLE
    share = kept / polls
    note = f"{kept} of {polls:.0f} polls; the dead one is {state['state']}"
    if options.dead_unit_seconds < 300:
        note += f"; measured for {options.dead_unit_seconds:g} s only"
    yield Row("dead-unit", "samples that a live unit keeps beside a dead one, minutes 2 to 5", f"{share:.1%}",
              "100 %", f"{share:.3f}", "≥ 95 %", share >= 0.95, note)
