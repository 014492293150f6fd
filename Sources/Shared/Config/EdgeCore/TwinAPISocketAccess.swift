// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// One element of `modules.twinAPI.socketAccess`: what a user, or the members of a group, may do on the unix socket.
package struct TwinAPISocketAccess: Sendable, Equatable {
  package enum Subject: Sendable, Equatable {
    case user(String)
    case group(String)
  }

  package enum Scope: String, Sendable, CaseIterable {
    case none, read, write, admin
  }

  package var subject: Subject
  package var scope: Scope
  /// Nil: all.
  package var namespaces: [String]?

  package init(_ subject: Subject, scope: Scope, namespaces: [String]? = nil) {
    self.subject = subject
    self.scope = scope
    self.namespaces = namespaces
  }

  /// Nil, with an entry in the log of problems, when an element is wrong.
  init?(_ keys: MappingReader) {
    defer { keys.finish() }
    let user = keys.string("user")
    let group = keys.string("group")
    let scope = keys.choice("scope", of: Scope.self)
    namespaces = keys.strings("namespaces")
    if scope == nil, !keys.has("scope") { keys.report("scope", expected: "none, read, write or admin") }
    guard (user == nil) != (group == nil), user != "", group != "" else {
      keys.report("user", value: user ?? "", expected: "either a user or a group")
      return nil
    }
    guard let scope else { return nil }
    if scope == .admin, namespaces != nil {
      keys.report("namespaces", expected: "none with the scope admin, which is for the whole node")
      return nil
    }
    subject = user.map { .user($0) } ?? .group(group ?? "")
    self.scope = scope
  }

  var members: JSON.Members {
    var members: JSON.Members = [:]
    switch subject {
    case .user(let name): members["user"] = .string(name)
    case .group(let name): members["group"] = .string(name)
    }
    members["scope"] = .string(scope.rawValue)
    members["namespaces"] = namespaces.map { .array($0.map { .string($0) }) }
    return members
  }
}
