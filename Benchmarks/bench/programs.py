# SPDX-License-Identifier: Apache-2.0
"""Starts and stops what a row needs: the broker, the simulator, the bare C programs of Benchmarks/limits."""
import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time


class Failure(Exception):
    """Why a row cannot be measured."""


def await_that(what, condition, seconds=30.0, pause=0.02):
    """Returns what `condition` returns once that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(pause)
    raise Failure(f"waited {seconds:g} s for {what}")


def free_port():
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def end(process, seconds=10):
    """SIGTERM, and SIGKILL if that does not help; only for children of this program."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Programs:
    def __init__(self, options, repository):
        self.release = options.programs.resolve()
        self.mappers = options.mappers.resolve()
        self.keep = options.keep
        self.folder = options.folder.resolve()
        self.repository = repository
        self.limits = repository / ".build/limits"
        for place in ([self.release / name for name in ("edgecore", "mapper-runner", "modbus-sim")]
                      + [self.mappers / "modbus.so"]):
            if not place.exists():
                raise Failure(f"{place} is missing: make release mappers")
        self.mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
        if not self.mosquitto:
            raise Failure("mosquitto is missing: make deps")
        made = subprocess.run(
            ["make", "-s", "-C", repository / "Benchmarks/limits", f"BUILD={self.limits}"],
            capture_output=True, text=True, check=False)
        if made.returncode:
            raise Failure(f"Benchmarks/limits does not build: {made.stderr.strip()}")

    def mapper(self, name):
        """The library of a mapper, or of its twin that has another driver id ("neighbour")."""
        if name != "neighbour":
            return self.mappers / f"{name}.so"
        library = self.limits / "neighbour.so"
        made = subprocess.run(
            ["make", "-s", "-C", self.repository / "mappers/virtual", f"OUT={library}",
             "CFLAGS=-O2 -g -DVIRTUAL_ID='\"neighbour\"'"], capture_output=True, text=True, check=False)
        if made.returncode:
            raise Failure(f"mappers/virtual does not build: {made.stderr.strip()}")
        return library

    @contextlib.contextmanager
    def node_folder(self, name):
        """A folder of its own for a row, on the disk that is measured."""
        self.folder.mkdir(parents=True, exist_ok=True)
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{name}-", dir=self.folder))
        try:
            yield folder
        finally:
            if self.keep:
                print(f"  kept: {folder}")
            else:
                shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def broker(self, folder):
        """mosquitto with Benchmarks/mosquitto.conf; gives its port."""
        port = free_port()
        settings = (self.repository / "Benchmarks/mosquitto.conf").read_text()
        configuration = folder / "mosquitto.conf"
        configuration.write_text(f"listener {port} 127.0.0.1\n{settings}")
        with open(folder / "mosquitto.log", "ab") as log:
            process = subprocess.Popen([self.mosquitto, "-c", configuration], stdout=log, stderr=log)
        try:
            await_that("mosquitto", lambda: answers(port))
            yield port
        finally:
            end(process)

    @contextlib.contextmanager
    def simulator(self, folder, *arguments):
        """modbus-sim on every address of this machine, so that each device may have one of its own
        (127.0.0.1, 127.0.0.2, …); gives its port."""
        place = folder / "modbus-port"
        with open(place, "wb") as output, open(folder / "modbus-sim.log", "ab") as log:
            process = subprocess.Popen(
                [self.release / "modbus-sim", "--host", "0.0.0.0", "--port", "0", "--print-port", *arguments],
                stdout=output, stderr=log)
        try:
            yield int(await_that("modbus-sim", lambda: place.read_text().strip()))
        finally:
            end(process)

    @contextlib.contextmanager
    def responder(self, port):
        """mqtt-echo, the limit of what answers through a broker; gives its process."""
        process = subprocess.Popen([self.limits / "mqtt-echo", "--port", str(port)], stdout=subprocess.DEVNULL)
        try:
            time.sleep(0.3)
            if process.poll() is not None:
                raise Failure("mqtt-echo ended at once")
            yield process
        finally:
            end(process)

    @contextlib.contextmanager
    def watcher(self, broker, folder):
        """Notes when each telemetry message reaches a subscriber; gives what reads the notes so far: a list of
        (seconds of the wall clock, device, sequence number)."""
        place = folder / "watched"
        with open(place, "wb") as output:
            process = subprocess.Popen(
                ["mosquitto_sub", "-p", str(broker), "-t", "$ke/events/device/+/+/data/update", "-F", "%U %t %p"],
                stdout=output, stderr=subprocess.DEVNULL)
        try:
            yield lambda: [note(text) for text in place.read_text().split("\n")[:-1]]
        finally:
            end(process)

    def limit(self, tool, *arguments, seconds=120):
        """Runs a program of Benchmarks/limits and reads the line that it prints."""
        return self.read(self.start_limit(tool, *arguments), tool, seconds)

    def disk_ms(self, folder):
        """Milliseconds of one fdatasync over an existing block, p50."""
        return self.limit("fsync-cost", "--folder", folder)["overwrite_p50_us"] / 1e3

    def start_limit(self, tool, *arguments):
        return subprocess.Popen(
            [self.limits / tool, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def read(self, process, tool, seconds=120):
        try:
            output, problems = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as late:
            end(process)
            raise Failure(f"{tool} did not end within {seconds:g} s") from late
        try:
            result = json.loads(output)
        except ValueError as malformed:
            raise Failure(f"{tool}: status {process.returncode}, {problems.strip() or output}") from malformed
        result["status"] = process.returncode
        return result


def note(text):
    seconds, topic, message = text.split(" ", 2)
    return float(seconds), topic.split("/")[4], int(message.split('"seq":', 1)[1].split(",", 1)[0])


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 0.2):
            return True
    except OSError:
        return False
