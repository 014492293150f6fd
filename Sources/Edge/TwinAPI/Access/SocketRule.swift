// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI

/// `modules.twinAPI.socketAccess[]`: what a user, or the members of a group, may do on the unix socket.
package struct SocketRule: Sendable, Equatable {
  package enum Subject: Sendable, Equatable {
    case user(String)
    case group(String)
  }

  package var subject: Subject
  package var scope: Caller.Scope
  /// Nil: all.
  package var namespaces: Set<String>?

  package init(_ subject: Subject, scope: Caller.Scope, namespaces: Set<String>? = nil) {
    self.subject = subject
    self.scope = scope
    self.namespaces = namespaces
  }
}

/// A user as the system knows them.
struct SystemUser: Sendable, Equatable {
  var id: UInt32
  /// The number as text, where the system knows no name.
  var name: String
  var groups: Set<String>
}

/// Who may do what on the unix socket.
struct SocketPolicy: Sendable {
  let rules: [SocketRule]
  /// Whom mappers run as: code that must not steer what drives it.
  let runnerUsers: Set<String>
  /// The agent's own.
  let ownUser: UInt32

  /// Root and the agent's own user may do everything. For others the first rule that names them holds; those without
  /// one may write, since the socket's mode let them in, but not if they are a mapper's user.
  func caller(_ user: SystemUser, source: String) -> Caller {
    if user.id == 0 || user.id == ownUser {
      return Caller(name: user.name, source: source, scope: .admin)
    }
    for rule in rules {
      let isNamed =
        switch rule.subject {
        case .user(let name): name == user.name
        case .group(let name): user.groups.contains(name)
        }
      if isNamed {
        return Caller(name: user.name, source: source, scope: rule.scope, namespaces: rule.namespaces)
      }
    }
    let scope: Caller.Scope = runnerUsers.contains(user.name) ? .none : .write
    return Caller(name: user.name, source: source, scope: scope)
  }
}
