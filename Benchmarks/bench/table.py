# SPDX-License-Identifier: Apache-2.0
"""A row of the table, and the table."""
import os
import platform
import subprocess
from dataclasses import dataclass


@dataclass
class Row:
    name: str
    work: str
    measured: str
    limit: str
    """What the machine can do at best, or what the bar is made of; "" where the bar is absolute."""
    ratio: str
    bar: str
    passes: bool
    note: str = ""

    @property
    def verdict(self):
        return "pass" if self.passes else "**miss**"

    def line(self):
        parts = [f"{self.name}: {self.measured}"]
        if self.limit:
            parts.append(f"limit {self.limit}")
        if self.ratio:
            parts.append(f"ratio {self.ratio}")
        parts += [f"bar {self.bar}", "pass" if self.passes else "MISS"]
        return "; ".join(parts) + (f" ({self.note})" if self.note else "")


def markdown(rows):
    lines = ["| row | work | measured | limit | ratio | bar | | |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        cells = (row.name, row.work, row.measured, row.limit, row.ratio, row.bar, row.verdict, row.note)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def quantile(values, share):
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def machine(folder):
    """One line on where the figures come from."""
    with open("/proc/cpuinfo", encoding="ascii") as facts:
        model = next((text.split(":", 1)[1].strip() for text in facts if text.startswith("model name")),
                     platform.machine())
    kind = subprocess.run(["df", "--output=fstype", folder], capture_output=True, text=True, check=False)
    return (f"machine: {model}, {os.cpu_count()} cores, Linux {platform.release()}, "
            f"databases on {kind.stdout.split()[-1] if kind.stdout else 'an unknown file system'}; "
            f"load before the run {os.getloadavg()[0]:.1f}")
