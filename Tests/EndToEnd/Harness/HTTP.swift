// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport

/// The little HTTP/1.1 that the twin API's answers need; each request has a connection of its own.
struct HTTPReply: Sendable {
  struct Malformed: Error, CustomStringConvertible {
    let description: String
  }

  var status: Int
  /// Names in lower case.
  var headers: [String: String]
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }
  var json: JSON { (try? JSON.parse(body)) ?? .null }

  init(_ bytes: [UInt8]) throws {
    let mark = Array("\r\n\r\n".utf8)
    guard let end = bytes.firstRange(of: mark) else {
      throw Malformed(description: "no HTTP answer: \(String(decoding: bytes, as: UTF8.self))")
    }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    let first = lines[0].split(separator: " ", maxSplits: 2)
    guard first.count >= 2, first[0] == "HTTP/1.1", let status = Int(first[1]) else {
      throw Malformed(description: String(lines[0]))
    }
    self.status = status
    headers = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      headers[line[..<colon].lowercased()] = String(value)
    }
    body = Array(bytes[end.upperBound...])
    if headers["transfer-encoding"] == "chunked" { body = try Self.unchunked(body) }
  }

  private static func unchunked(_ bytes: [UInt8]) throws -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes[...]
    while let line = rest.firstRange(of: Array("\r\n".utf8)) {
      guard let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16) else {
        break
      }
      if size == 0 { return result }
      let start = line.upperBound
      guard start + size + 2 <= rest.endIndex else { break }
      result += rest[start..<start + size]
      rest = rest[(start + size + 2)...]
    }
    throw Malformed(description: "a chunked body without its end")
  }
}

/// A server's place, and requests to it.
struct HTTPClient: Sendable {
  let socketPath: String

  /// - Parameter limit: seconds of silence.
  func send(
    _ method: String, _ target: String, body: String? = nil, type: String = "application/json",
    headers: [(String, String)] = [], limit: Int = 15
  ) async throws -> HTTPReply {
    var head = "\(method) \(target) HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if let body { head += "Content-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n" }
    let request = Array((head + "\r\n" + (body ?? "")).utf8)
    let path = socketPath
    return try await offload {
      let connection = try Socket(path: path, limit: limit)
      try connection.send(request)
      var answer: [UInt8] = []
      while case let bytes = try connection.receive(), !bytes.isEmpty { answer += bytes }
      return try HTTPReply(answer)
    }
  }
}
