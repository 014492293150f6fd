# SPDX-License-Identifier: Apache-2.0
"""The parts of Benchmarks/run: what it starts (programs, node), what it declares (manifests), and a file a
group of rows."""
