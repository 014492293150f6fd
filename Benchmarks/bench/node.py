# SPDX-License-Identifier: Apache-2.0
"""An edgecore under measurement: its folder, its API, its CPU time and memory."""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from .programs import Failure, await_that, end


class Client:
    """HTTP on one kept connection to the unix socket, with as little work beside as Python allows."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.settimeout(30)
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self.rest = b""

    def close(self):
        self.socket.close()

    def request(self, method, target, body=None):
        """Status and document."""
        status, content = self.exchange(self.encoded(method, target, body))
        return status, json.loads(content) if content else None

    @staticmethod
    def encoded(method, target, body=None):
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {target} HTTP/1.1\r\nHost: node\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        return head.encode() + b"\r\n" + content

    def exchange(self, request):
        """Status and bytes of the answer to an encoded request."""
        self.socket.sendall(request)
        data = self.rest
        while (close := data.find(b"\r\n\r\n")) < 0:
            data += self.receive()
        head = data[:close].lower()
        mark = head.find(b"content-length:")
        if mark < 0:
            raise Failure("an answer of the twin API has no Content-Length")
        length = int(head[mark + 15:].split(b"\r\n", 1)[0])
        whole = close + 4 + length
        while len(data) < whole:
            data += self.receive()
        self.rest = data[whole:]
        return int(head[9:12]), data[close + 4:whole]

    def receive(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the twin API closed the connection")
        return data


class Node:
    """One edgecore with everything under one folder. Use as a context: it ends with the block."""

    def __init__(self, programs, folder, broker_port, mappers=("modbus",), in_process=False, settings=""):
        self.programs, self.folder, self.broker_port = programs, folder, broker_port
        self.process = None
        self.manifests = folder / "etc/selvedge/devices.d"
        self.mapper_folder = folder / "mappers"
        # The path of a socket may have 107 bytes, that of the folder may be longer.
        self.socket_folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
        self.socket = self.socket_folder / "twin.sock"
        self.manifests.mkdir(parents=True, exist_ok=True)
        self.mapper_folder.mkdir(exist_ok=True)
        for name in mappers:
            shutil.copy(programs.mapper(name), self.mapper_folder / f"{name}.so")
        isolation = "inProcess" if in_process else "process"
        (folder / "etc/selvedge/edgecore.yaml").write_text(
            "apiVersion: edgecore.config.kubeedge.io/v1alpha2\nkind: EdgeCore\n"
            f"modules:\n  mapperHost:\n    isolation: {isolation}\n{settings}")

    def declare(self, file, objects):
        text = "---\n".join(json.dumps(item) + "\n" for item in objects)
        (self.manifests / file).write_text(text)

    def launch(self):
        """Starts the process and waits for nothing."""
        with open(self.folder / "edgecore.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.programs.release / "edgecore", "--standalone", "--root", self.folder, "--node-name", "bench",
                 "--mappers", self.mapper_folder, "--mqtt-mode", "2", "--mqtt-server-external",
                 f"tcp://127.0.0.1:{self.broker_port}", "--twin-api-socket", self.socket, "--twin-api-port", "0",
                 "--log-level", "warning"],
                stdout=log, stderr=log)

    def start(self):
        self.launch()
        await_that("edgecore to be ready", self.is_ready)

    def stop(self):
        end(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            self.stop()
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    def is_ready(self):
        if self.process.poll() is not None:
            tail = (self.folder / "edgecore.log").read_text(errors="replace")[-500:]
            raise Failure(f"edgecore ended with status {self.process.returncode}: {tail}")
        try:
            with contextlib.closing(Client(self.socket)) as client:
                return client.exchange(client.encoded("GET", "/readyz"))[0] == 200
        except OSError:
            return False

    def get(self, target):
        with contextlib.closing(Client(self.socket)) as client:
            status, document = client.request("GET", target)
        if status != 200:
            raise Failure(f"GET {target}: {status} {document}")
        return document

    def await_online(self, count, seconds=60):
        def online():
            return len(self.get("/v1/devices?state=online&limit=5000")["items"]) == count
        await_that(f"{count} devices to be online", online, seconds, pause=0.1)

    def runner(self, name=None):
        """The mapper of that file, or the one mapper of the node, as the API shows it."""
        items = self.get("/v1/mappers")["items"]
        for item in items:
            if name is None or pathlib.PurePath(item["file"]).name == f"{name}.so":
                return item
        raise Failure(f"no mapper {name or ''} among {[item['file'] for item in items]}")

    def processes(self):
        """edgecore and its runners."""
        return [self.process.pid] + [item["processID"] for item in self.get("/v1/mappers")["items"]
                                     if item.get("processID", 0) not in (0, self.process.pid)]

    def samples(self, name=None):
        """What a mapper has read so far, and its missed cycles."""
        counters = self.runner(name)["counters"]
        return counters["samples"], counters["missedCycles"]


TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a process."""
    # The name of the process stands in parentheses and may hold anything.
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_megabytes(pid):
    """Resident, and of it private and dirty; in MB of 1,000,000 bytes, which is the harder reading."""
    fields = {}
    for text in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        key, _, rest = text.partition(":")
        if rest.endswith("kB"):
            fields[key] = int(rest.split()[0]) * 1024 / 1e6
    return fields["Rss"], fields["Private_Dirty"]


def sleep_until(moment):
    time.sleep(max(0, moment - time.monotonic()))
