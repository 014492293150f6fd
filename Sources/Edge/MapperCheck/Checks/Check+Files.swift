// SPDX-License-Identifier: Apache-2.0
internal import CMapper

extension Check {
  static let fileChecks = [
    Check("file-1", "The file is a shared library of this machine.", scope: .library) {
      (probe: Probe) throws(CheckEnd) in
      _ = try ExportedSymbols(of: probe.options.library)
    },
    Check("file-2", "The library exports mapper_entry and no other symbol.", scope: .library) {
      (probe: Probe) throws(CheckEnd) in
      let names = try ExportedSymbols(of: probe.options.library).names
      guard names == [MAPPER_ENTRY_SYMBOL] else {
        throw .failed(
          expected: "exported: mapper_entry (build with -fvisibility=hidden)",
          seen: names.isEmpty ? "none" : names.prefix(8).joined(separator: ", "))
      }
    },
    Check(
      "load-1", "The library can be opened: all that it needs is there, and constructors end.",
      scope: .library
    ) {
      (probe: Probe) throws(CheckEnd) in
      _ = try probe.library.open()
    },
  ]
}
