# SPDX-License-Identifier: Apache-2.0
"""The devices of the benches, as manifests of devices.kubeedge.io/v1beta1."""

API_VERSION = "devices.kubeedge.io/v1beta1"


def model(name, properties, protocol=None):
    """`properties`: pairs of name and type, or triples with the access mode."""
    spec = {"properties": [
        {"name": item[0], "type": item[1], "accessMode": item[2] if len(item) > 2 else "ReadOnly"}
        for item in properties]}
    if protocol:
        spec["protocol"] = protocol
    return {"apiVersion": API_VERSION, "kind": "DeviceModel",
            "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def modbus_device(name, of_model, address, port, unit, properties, cycle, compact=False):
    """`properties`: pairs of name and visitor settings, all read every `cycle` milliseconds."""
    metadata = {"name": name, "namespace": "default"}
    if compact:
        metadata["annotations"] = {"selvedge.dev/telemetry": "compact"}
    return {
        "apiVersion": API_VERSION, "kind": "Device", "metadata": metadata,
        "spec": {
            "deviceModelRef": {"name": of_model}, "nodeName": "bench",
            "protocol": {"protocolName": "modbus",
                         "configData": {"ip": address, "port": port, "slaveID": unit}},
            "properties": [
                {"name": key, "collectCycle": cycle, "reportCycle": 1000,
                 "visitors": {"protocolName": "modbus", "configData": visitor}}
                for key, visitor in properties]}}


def message_device(name, of_model, properties):
    """A device whose only source is MQTT."""
    return {
        "apiVersion": API_VERSION, "kind": "Device", "metadata": {"name": name, "namespace": "default"},
        "spec": {"deviceModelRef": {"name": of_model}, "nodeName": "bench",
                 "properties": [{"name": key} for key in properties]}}


def virtual_devices(count, points, cycle, driver="virtual", compact=True, prefix="virtual"):
    """A model and devices of the virtual mapper, whose points are sines: every reading is another one."""
    names = [f"p{i}" for i in range(points)]
    yield model(f"{prefix}-sines", [(name, "FLOAT") for name in names], driver)
    for i in range(count):
        device = modbus_device(f"{prefix}-{i}", f"{prefix}-sines", "", 0, 0,
                               [(name, {"kind": "sine", "period": 60000}) for name in names], cycle, compact)
        device["spec"]["protocol"] = {"protocolName": driver, "configData": {}}
        for item in device["spec"]["properties"]:
            item["visitors"]["protocolName"] = driver
        yield device


def floats(count):
    """So many float32 in the input registers from 0 on: name and visitor settings of each."""
    return [(f"f{i}", {"register": "InputRegister", "offset": 2 * i, "limit": 2, "dataType": "float32"})
            for i in range(count)]


def polled_floats(port, devices, points, cycle, compact=False):
    """A model and its devices, each on an address and so on a connection of its own."""
    points = floats(points)
    yield model("floats", [(name, "FLOAT") for name, _ in points], "modbus")
    for i in range(devices):
        yield modbus_device(f"load-{i}", "floats", f"127.0.0.{i + 1}", port, 1, points, cycle, compact)


def settable(port, cycle):
    """A device with one register that can be set, behind unit 2 of the first address: it shares the line of
    the first polled device."""
    yield model("settable", [("setpoint", "INT", "ReadWrite")], "modbus")
    yield modbus_device("target", "settable", "127.0.0.1", port, 2,
                        [("setpoint", {"register": "HoldingRegister", "offset": 10, "dataType": "uint16"})], cycle)
