#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The computer itself as a device, in mode poll. A library for a sensor goes where read() is."""
import json
import os
import sys

held = {"note": ""}


def read(field):
    if field == "load":
        return os.getloadavg()[0]
    if field == "processes":
        return sum(name.isdigit() for name in os.listdir("/proc"))
    if field == "temperature":
        with open("/sys/class/thermal/thermal_zone0/temp") as file:
            return int(file.read()) / 1000
    return held[field]


for line in sys.stdin:
    message = json.loads(line)
    if "stop" in message:
        break
    answer = {"id": message["id"], "ok": True, "values": {}, "failed": {}}
    for field in message.get("read", []):
        try:
            answer["values"][field] = read(field)
        except (OSError, ValueError, KeyError) as error:
            answer["failed"][field] = str(error)
    for field, value in message.get("write", {}).items():
        if field in held:
            held[field] = value
        else:
            answer["failed"][field] = "cannot be set"
            answer["status"] = "unsupported"
    print(json.dumps(answer), flush=True)
