// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import MapperEngine

extension Check {
  static let entryChecks = [
    Check("entry-1", "mapper_entry is of this ABI's major and long enough.", scope: .library) {
      (probe: Probe) throws(CheckEnd) in
      let table = try probe.library.entryTable()
      try table.requireSize(16)
      guard table.word(at: 4) == UInt32(MAPPER_ABI_MAJOR) else {
        throw .failed(expected: "abi_major \(MAPPER_ABI_MAJOR)", seen: "\(table.word(at: 4))")
      }
      try table.requireSize(ProbeLibrary.entrySize)
    },
    Check("entry-2", "No required member of mapper_entry is null.", scope: .library) {
      (probe: Probe) throws(CheckEnd) in
      let table = try probe.library.entryTable()
      try table.requireSize(ProbeLibrary.entrySize)
      try table.require(ProbeLibrary.entrySlots)
    },
    Check("entry-3", "Reserved words of mapper_entry are zero.", scope: .library) {
      (probe: Probe) throws(CheckEnd) in
      try requireOurMinor(probe)
      try probe.library.entryTable().requireZero("flags", at: 12)
    },
    Check("entry-4", "Name and version are UTF-8 and not empty.", scope: .library) {
      (probe: Probe) throws(CheckEnd) in
      let entry = try probe.library.entry()
      for (name, text) in [("name", entry.pointee.name), ("version", entry.pointee.version)] {
        try requireText(text, named: "mapper_entry.\(name)")
      }
    },
    Check("load-2", "load returns OK and is quick.", scope: .library) { (probe: Probe) throws(CheckEnd) in
      try probe.library.load()
      try probe.requireNoMisuse()
    },
    Check("load-3", "The list of drivers ends, and their ids differ.", scope: .library) {
      (probe: Probe) throws(CheckEnd) in
      var ids: Set<String> = []
      for table in try probe.library.drivers() {
        // table-1 and table-2 say what is wrong with a table.
        guard let driver = try? ProbeLibrary.driver(table) else { continue }
        let id = String(cString: driver.pointee.id)
        guard ids.insert(id).inserted else {
          throw .failed(expected: "each driver id once", seen: "'\(id)' twice")
        }
      }
    },
    Check(
      "load-4", "load works with a later host, whose table is longer and whose minor is newer.",
      scope: .library
    ) {
      (probe: Probe) throws(CheckEnd) in
      try probe.library.load(into: ProbeHost(isLarge: true))
      _ = try probe.library.drivers()
    },
    Check("load-6", "The agent takes the library.", scope: .library, extraMilliseconds: 30_000) {
      (probe: Probe) throws(CheckEnd) in
      let engine = LocalEngine(library: probe.options.library)
      let refusal: String?? = engine.record.event { event -> String?? in
        switch event {
        case .loaded: .some(nil)
        case .refused(let reason): .some(reason)
        default: nil
        }
      }
      guard let refusal else {
        throw .failed(expected: "the agent takes it", seen: "nothing in \(EngineRecord.patience) s")
      }
      if let refusal { throw .failed(expected: "the agent takes it", seen: refusal) }
    },
    Check("load-5", "unload returns, also when no device was made.", scope: .library) {
      (probe: Probe) throws(CheckEnd) in
      try probe.library.load()
      try probe.library.unload()
    },
  ]

  /// What is reserved here may have a meaning in a later minor.
  static func requireOurMinor(_ probe: Probe) throws(CheckEnd) {
    let minor = try probe.library.entry().pointee.abi_minor
    guard minor <= UInt32(MAPPER_ABI_MINOR) else {
      throw .skipped("built against ABI 1.\(minor), mapper-check knows 1.\(MAPPER_ABI_MINOR)")
    }
  }

  static func requireText(_ text: UnsafePointer<CChar>, named name: String) throws(CheckEnd) {
    guard let text = String(validatingCString: text) else {
      throw .failed(expected: "\(name) in UTF-8", seen: "other bytes")
    }
    guard !text.isEmpty else { throw .failed(expected: "\(name) that is not empty", seen: "\"\"") }
  }
}
