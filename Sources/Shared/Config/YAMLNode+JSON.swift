// SPDX-License-Identifier: Apache-2.0
package import JSON

extension YAMLNode {
  package var json: JSON {
    switch content {
    case .null: .null
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .number(let value): .number(value)
    case .string(let value): .string(value)
    case .sequence(let nodes): .array(nodes.map(\.json))
    case .mapping(let entries): .object(Self.members(entries))
    }
  }

  package static func members(_ entries: [Entry]) -> JSON.Members {
    JSON.Members(entries.map { .init(name: $0.key, value: $0.value.json) })
  }
}
