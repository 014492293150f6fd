// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// The API in OpenAPI 3.1, from the tables of `APIDescription+….swift`. A test compares it with the routes.
enum APIDescription {
  static var operations: [APIOperation] { deviceOperations + driverOperations + nodeOperations }

  static var json: JSON {
    var paths: [(path: String, members: JSON.Members)] = []
    for operation in operations {
      let method = operation.method.lowercased()
      if let place = paths.firstIndex(where: { $0.path == operation.path }) {
        paths[place].members.append(method, operation.json)
      } else {
        paths.append((operation.path, .object(method, operation.json)))
      }
    }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": "Selvedge twin API", "version": "1",
        "description": "Devices of an edge node: their twins, histories and methods, mappers and manifests.",
        "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
      ],
      "servers": [["url": "http://127.0.0.1:10560"]],
      "security": [[:], ["token": []]],
      "paths": .object(.init(paths.map { .init(name: $0.path, value: .object($0.members)) })),
      "components": [
        "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
        "schemas": schemas,
      ],
    ]
  }
}

extension JSON.Members {
  fileprivate static func object(_ name: String, _ value: JSON) -> JSON.Members {
    JSON.Members([.init(name: name, value: value)])
  }
}
