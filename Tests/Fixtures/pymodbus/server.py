# SPDX-License-Identifier: Apache-2.0
"""A Modbus TCP device made with pymodbus: unit 3 with known values, on a free port, which it prints.

How numbers lie in registers is said by Python's struct module here, so nothing of our own code takes part.
"""
import asyncio
import struct

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
unit = SimDevice(id=3, simdata=(bits(16, {5, 9}), bits(16, {0, 3}), holding, inputs))


async def main():
    server = ModbusTcpServer([unit], address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    print(server.transport.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
