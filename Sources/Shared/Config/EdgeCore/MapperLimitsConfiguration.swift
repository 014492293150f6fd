// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `modules.mapperHost.limits`: what the processes of mappers may use.
package struct MapperLimitsConfiguration: Sendable, Equatable {
  /// The keys that a library has of its own; the others are those of all.
  package struct Override: Sendable, Equatable {
    package var memoryMB: Int?
    package var openFiles: Int?
    package var processes: Int?
    package var user: String?
    package var readable: [String]?
    package var writable: [String]?
    package var sandbox: MapperLimits.Sandbox?

    package init() {}
  }

  /// For every library without an entry in `mappers`.
  package var all = MapperLimits()
  /// By the name of the library's file, without `.so`.
  package var mappers: [String: Override]

  package init() {
    // Its devices are programs.
    var exec = Override()
    exec.processes = 64
    exec.memoryMB = 1024
    mappers = ["exec": exec]
  }

  /// What is in force for a library.
  package func limits(of mapper: String) -> MapperLimits {
    var limits = all
    guard let own = mappers[mapper] else { return limits }
    limits.memoryMB = own.memoryMB ?? limits.memoryMB
    limits.openFiles = own.openFiles ?? limits.openFiles
    limits.processes = own.processes ?? limits.processes
    limits.user = own.user ?? limits.user
    limits.readable = own.readable ?? limits.readable
    limits.writable = own.writable ?? limits.writable
    limits.sandbox = own.sandbox ?? limits.sandbox
    return limits
  }
}

extension MapperLimitsConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    var own = Override()
    own.read(section)
    all.memoryMB = own.memoryMB ?? all.memoryMB
    all.openFiles = own.openFiles ?? all.openFiles
    all.processes = own.processes ?? all.processes
    all.user = own.user ?? all.user
    all.readable = own.readable ?? all.readable
    all.writable = own.writable ?? all.writable
    all.sandbox = own.sandbox ?? all.sandbox
    guard let libraries = section.keys.mapping("mappers") else { return }
    let inner = SectionReader(libraries, section.report)
    for name in libraries.names {
      var override = mappers[name] ?? Override()
      inner.read(name, into: &override)
      mappers[name] = override
    }
    libraries.finish()
  }

  var members: JSON.Members {
    var members: JSON.Members = [
      "memoryMB": .int(Int64(all.memoryMB)), "openFiles": .int(Int64(all.openFiles)),
      "processes": .int(Int64(all.processes)), "user": .string(all.user),
      "readable": .array(all.readable.map { .string($0) }),
      "writable": .array(all.writable.map { .string($0) }), "sandbox": .string(all.sandbox.rawValue),
    ]
    var libraries: JSON.Members = [:]
    for (name, override) in mappers.sorted(by: { $0.key < $1.key }) {
      libraries[name] = .object(override.members)
    }
    members["mappers"] = .object(libraries)
    return members
  }
}

extension MapperLimitsConfiguration.Override: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    // 1 TB, and what Linux allows by default.
    memoryMB = section.keys.int("memoryMB", in: 16...1_048_576) ?? memoryMB
    openFiles = section.keys.int("openFiles", in: 32...1_048_576) ?? openFiles
    processes = section.keys.int("processes", in: 0...100_000) ?? processes
    user = section.keys.string("user") ?? user
    readable = section.readPaths("readable") ?? readable
    writable = section.readPaths("writable") ?? writable
    sandbox = section.keys.choice("sandbox", of: MapperLimits.Sandbox.self, ignoringCase: true) ?? sandbox
  }

  /// Those that are set.
  var members: JSON.Members {
    var members: JSON.Members = [:]
    members["memoryMB"] = memoryMB.map { .int(Int64($0)) }
    members["openFiles"] = openFiles.map { .int(Int64($0)) }
    members["processes"] = processes.map { .int(Int64($0)) }
    members["user"] = user.map { .string($0) }
    members["readable"] = readable.map { .array($0.map { .string($0) }) }
    members["writable"] = writable.map { .array($0.map { .string($0) }) }
    members["sandbox"] = sandbox.map { .string($0.rawValue) }
    return members
  }
}

extension SectionReader {
  /// A list of absolute paths; nil when it is absent or wrong.
  fileprivate func readPaths(_ key: String) -> [String]? {
    guard let paths = keys.strings(key) else { return nil }
    var isGood = true
    for path in paths where !path.hasPrefix("/") || path.contains("\n") || path.contains("\0") {
      keys.report(key, value: YAMLNode.shortened(path), expected: "absolute paths")
      isGood = false
    }
    return isGood ? paths : nil
  }
}
