# SPDX-License-Identifier: Apache-2.0
"""A Modbus device made with pymodbus: unit 3 with known values, on a free TCP port, which it prints.

  server.py               Modbus TCP
  server.py --rtu         the frames of a serial line over TCP, with unit 4 beside it; others are silent
  server.py --line LINK   the same on a pseudo terminal too, to which LINK leads

How numbers lie in registers is said by Python's struct module here, so nothing of our own code takes part.
"""
import asyncio
import os
import struct
import sys
import tty

from pymodbus import FramerType, ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def words(form, value):
    data = struct.pack(form, value)
    return [int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2)]


def swapped(registers):
    """The two bytes of each register the other way round."""
    return [word >> 8 | (word & 0xFF) << 8 for word in registers]


def block(size, values):
    registers = [0] * size
    for address, content in values.items():
        registers[address : address + len(content)] = content
    return [SimData(0, values=registers, datatype=DataType.REGISTERS)]


def bits(size, ones):
    return [SimData(0, values=[address in ones for address in range(size)], datatype=DataType.BITS)]


number = words(">f", 12.375)
holding = block(
    16,
    {
        0: [40000],
        2: number,
        4: swapped(number),
        6: number[::-1],
        8: swapped(number)[::-1],
        10: words(">h", -2),
        12: words(">i", -100000),
    },
)
inputs = block(
    24,
    {
        0: [225],
        2: words(">d", 3.14159),
        6: words(">Q", 2**40 + 5),
        10: words(">4s", b"v1.2"),
        12: words(">q", -(2**40)),
    },
)


def unit(number):
    return SimDevice(id=number, simdata=(bits(16, {5, 9}), bits(16, {0, 3}), holding, inputs))


identity = ModbusDeviceIdentification(
    info_name={"VendorName": "Acme", "ProductCode": "TX-3", "MajorMinorRevision": "2.1"}
)


def only_ours(sending, data):
    """On a line, a unit that is not there says nothing; pymodbus would answer for it."""
    return data if not sending or data[0] in (3, 4) else b""


async def carry(link, port):
    """Passes bytes on between a pseudo terminal and the server."""
    master, held = os.openpty()
    tty.setraw(held)  # `held` stays open: else the master would end with the first reader
    os.symlink(os.ttyname(held), link)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asyncio.get_running_loop().add_reader(master, lambda: writer.write(os.read(master, 1024)))
    while data := await reader.read(1024):
        os.write(master, data)


async def main():
    is_rtu = len(sys.argv) > 1
    server = ModbusTcpServer(
        [unit(3), unit(4)] if is_rtu else [unit(3)],
        framer=FramerType.RTU if is_rtu else FramerType.SOCKET,
        identity=identity,
        trace_packet=only_ours if is_rtu else None,
        address=("127.0.0.1", 0),
    )
    await server.serve_forever(background=True)
    port = server.transport.sockets[0].getsockname()[1]
    line = asyncio.create_task(carry(sys.argv[2], port)) if len(sys.argv) > 2 else asyncio.Event().wait()
    while len(sys.argv) > 2 and not os.path.islink(sys.argv[2]):
        await asyncio.sleep(0.01)
    print(port, flush=True)
    await line


asyncio.run(main())
