// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// What is kept of a token: everything but the token.
struct Token: Sendable, Equatable {
  var id: String
  /// For people; no two tokens have the same.
  var name: String
  /// SHA-256 of the token.
  var hash: [UInt8]
  /// `none` is no scope of a token.
  var scope: Caller.Scope
  /// Nil: all.
  var namespaces: Set<String>?
  /// Unix nanoseconds.
  var created: Int64
  var createdBy: String
  /// Unix nanoseconds; nil: never.
  var expires: Int64?
  /// Unix nanoseconds; nil: not yet, as far as is known: kept lazily.
  var lastUsed: Int64?

  func caller(source: String) -> Caller {
    Caller(name: "token " + name, source: source, scope: scope, namespaces: namespaces)
  }

  func isExpired(at time: Int64) -> Bool { expires.map { $0 <= time } ?? false }

  /// For the API: without the hash.
  var members: JSON.Members {
    var members: JSON.Members = ["id": .string(id), "name": .string(name), "scope": .string(scope.name)]
    members["namespaces"] = namespaces.map { .array($0.sorted().map { .string($0) }) }
    members["created"] = .string(RFC3339.text(created))
    members["createdBy"] = .string(createdBy)
    members["expires"] = expires.map { .string(RFC3339.text($0)) }
    members["lastUsed"] = lastUsed.map { .string(RFC3339.text($0)) }
    return members
  }

  /// For the file.
  var record: JSON {
    var members = members
    members["hash"] = .string(SHA256.hexadecimal(hash))
    return .object(members)
  }

  /// Reads `record`; nil when it is not that.
  init?(record json: JSON) {
    guard let id = json["id"]?.string, let name = json["name"]?.string, !id.isEmpty, !name.isEmpty,
      let hash = json["hash"]?.string.flatMap(Self.bytes), hash.count == 32,
      let scope = json["scope"]?.string.flatMap(Caller.Scope.init(name:)), scope != .none,
      let created = json["created"]?.string.flatMap(RFC3339.parse)
    else { return nil }
    self.id = id
    self.name = name
    self.hash = hash
    self.scope = scope
    self.created = created
    createdBy = json["createdBy"]?.string ?? ""
    // What limits a token must not get lost by being misread.
    if let list = json["namespaces"] {
      guard let names = list.array?.map(\.string), names.allSatisfy({ $0 != nil }) else { return nil }
      namespaces = Set(names.compactMap(\.self))
    }
    if let text = json["expires"] {
      guard let time = text.string.flatMap(RFC3339.parse) else { return nil }
      expires = time
    }
    lastUsed = json["lastUsed"]?.string.flatMap(RFC3339.parse)
  }

  init(
    id: String, name: String, hash: [UInt8], scope: Caller.Scope, namespaces: Set<String>?, created: Int64,
    createdBy: String, expires: Int64?
  ) {
    self.id = id
    self.name = name
    self.hash = hash
    self.scope = scope
    self.namespaces = namespaces
    self.created = created
    self.createdBy = createdBy
    self.expires = expires
  }

  private static func bytes(_ text: String) -> [UInt8]? {
    guard text.utf8.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    var rest = text[...]
    while !rest.isEmpty {
      guard let byte = UInt8(rest.prefix(2), radix: 16), rest.first != "+" else { return nil }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}

extension Caller.Scope {
  init?(name: String) {
    guard let scope = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = scope
  }
}
