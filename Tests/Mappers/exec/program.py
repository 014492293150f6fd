# SPDX-License-Identifier: Apache-2.0
"""A device for the tests of mode poll: what it does depends on the fields that it is asked for."""
import json
import sys
import time

held = {"count": 0, "label": "cold", "nested": {"deep": [1, 2, 3]}}


def say(**message):
    print(json.dumps(message), flush=True)


def read(fields, answer):
    for field in fields:
        if field == "broken":
            answer["failed"][field] = "the sensor is cut off"
        elif field == "slow":
            time.sleep(0.4)
            answer["values"][field] = 1
        elif field == "refuse":
            answer.update(ok=False, error="the bus is down", status="busy")
        elif field == "gone":
            answer.update(ok=False, error="unplugged", status="unavailable")
        elif field == "die":
            sys.exit("out of order")
        elif field == "noise":
            print("no JSON\n[1]\n" + '{"id":"x"}', flush=True)
            answer["values"][field] = 1
        elif field == "other":
            say(id=answer["id"] + 100, values={"count": 999})
            answer["values"][field] = 1
        elif field == "nested.deep[1]":
            answer["values"]["nested"] = held["nested"]
        elif field != "absent":
            answer["values"][field] = held.get(field)


def write(values, answer):
    for field, value in values.items():
        if field == "refuse":
            answer.update(ok=False, error="locked", status="denied")
        elif value == 13:
            answer["failed"][field] = "13 is out of range"
            answer["status"] = "invalid"
        else:
            held[field] = value


for line in sys.stdin:
    message = json.loads(line)
    if message.get("stop"):
        say(log="good bye", level="warning")
        break
    answer = {"id": message["id"], "ok": True, "values": {}, "failed": {}}
    if "read" in message:
        held["count"] += 1
        read(message["read"], answer)
    if "write" in message:
        write(message["write"], answer)
    say(**answer)
