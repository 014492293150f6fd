// SPDX-License-Identifier: Apache-2.0

/// What a runner may use, as its host tells it at its start: a text in the environment, one `key=value` a line.
///
/// The runner takes it out of its environment and applies it before it opens the library. A runner without one is
/// not confined: that is for tools that start it by themselves.
package struct Confinement: Sendable, Equatable {
  /// Whom it runs as. The host looks names up, the runner only sees numbers.
  package struct User: Sendable, Equatable {
    package var user: UInt32
    package var group: UInt32
    /// All groups of the user.
    package var groups: [UInt32]

    package init(user: UInt32, group: UInt32, groups: [UInt32]) {
      self.user = user
      self.group = group
      self.groups = groups
    }
  }

  package struct Malformed: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  package static let variable = "SELVEDGE_RUNNER_CONFINEMENT"

  /// The most that it may allocate, bytes; 0: no limit. Stacks of threads count in full.
  package var dataBytes: UInt64 = 0
  /// 0: as it is.
  package var openFiles: UInt32 = 0
  /// Processes and threads of the whole user; 0: as it is. Does not bind root.
  package var userProcesses: UInt32 = 0
  /// Whether it may start processes.
  package var mayFork = false
  /// Whether capabilities, files and system calls are restricted.
  package var isSandboxed = true
  /// Nil: the host's.
  package var user: User?
  /// What may be read and executed. Paths that are not there are left out.
  package var readable: [String] = []
  /// What may be changed as well.
  package var writable: [String] = []
  /// Device files: read and written, but neither made nor removed.
  package var devices: [String] = []

  package init() {}

  /// - Precondition: no path has a line end; `isExpressible` tells.
  package var text: String {
    var lines = [
      "dataBytes=\(dataBytes)", "openFiles=\(openFiles)", "userProcesses=\(userProcesses)",
      "mayFork=\(mayFork)", "sandbox=\(isSandboxed)",
    ]
    if let user {
      lines.append("user=" + ([user.user, user.group] + user.groups).map { "\($0)" }.joined(separator: ","))
    }
    lines += readable.map { "readable=" + $0 } + writable.map { "writable=" + $0 }
    lines += devices.map { "device=" + $0 }
    return lines.joined(separator: "\n")
  }

  package static func isExpressible(_ path: String) -> Bool {
    path.utf8.first == UInt8(ascii: "/") && !path.utf8.contains { $0 == UInt8(ascii: "\n") || $0 == 0 }
  }

  /// Takes nothing that `text` does not write.
  package init(text: String) throws(Malformed) {
    var seen: Set<Substring> = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard let equals = line.firstIndex(of: "=") else {
        throw Malformed(description: "\(line): expected key=value")
      }
      let key = line[..<equals]
      let value = line[line.index(after: equals)...]
      switch key {
      case "readable": readable.append(try Self.path(key, value))
      case "writable": writable.append(try Self.path(key, value))
      case "device": devices.append(try Self.path(key, value))
      default:
        guard seen.insert(key).inserted else { throw Malformed(description: "\(key): expected once") }
        try set(key, value)
      }
    }
    for key in ["dataBytes", "openFiles", "userProcesses", "mayFork", "sandbox"]
    where !seen.contains(key[...]) {
      throw Malformed(description: "\(key): expected once")
    }
  }

  private mutating func set(_ key: Substring, _ value: Substring) throws(Malformed) {
    switch key {
    case "dataBytes": dataBytes = try Self.number(key, value)
    case "openFiles": openFiles = try Self.number(key, value)
    case "userProcesses": userProcesses = try Self.number(key, value)
    case "mayFork": mayFork = try Self.flag(key, value)
    case "sandbox": isSandboxed = try Self.flag(key, value)
    case "user":
      var numbers: [UInt32] = []
      for part in value.split(separator: ",", omittingEmptySubsequences: false) {
        numbers.append(try Self.number(key, part))
      }
      guard numbers.count >= 2 else { throw Malformed(description: "\(key): \(value): expected user,group") }
      user = User(user: numbers[0], group: numbers[1], groups: Array(numbers[2...]))
    default: throw Malformed(description: "\(key): unknown key")
    }
  }

  private static func number<Number: FixedWidthInteger>(_ key: Substring, _ value: Substring)
    throws(Malformed) -> Number
  {
    guard value.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
      let number = Number(value)
    else { throw Malformed(description: "\(key): \(value): expected a whole number") }
    return number
  }

  private static func flag(_ key: Substring, _ value: Substring) throws(Malformed) -> Bool {
    guard let flag = Bool(String(value)) else {
      throw Malformed(description: "\(key): \(value): expected true or false")
    }
    return flag
  }

  private static func path(_ key: Substring, _ value: Substring) throws(Malformed) -> String {
    guard value.utf8.first == UInt8(ascii: "/") else {
      throw Malformed(description: "\(key): \(value): expected an absolute path")
    }
    return String(value)
  }
}
