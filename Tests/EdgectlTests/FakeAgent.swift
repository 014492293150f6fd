// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import Synchronization
import TestSupport

/// Answers the requests of a program under test on a unix socket, one a connection, and keeps them. Its threads end
/// with it.
final class FakeAgent: Sendable {
  struct Request: Sendable, Equatable {
    /// `GET /v1/node`, without the query.
    var line: String
    /// In the order of the text, unescaped.
    var query: [String]
    /// Names in lower case.
    var headers: [String: String]
    var body: String

    var json: JSON { (try? JSON.parse(body)) ?? .null }
  }

  struct Answer: Sendable {
    var status = 200
    var type = "application/json"
    var body: String

    static func json(_ json: JSON) -> Answer { Answer(body: json.text) }
    /// The stream ends behind these events.
    static func events(_ text: String) -> Answer { Answer(type: "text/event-stream", body: text) }

    static func problem(_ status: Int, _ name: String, _ detail: String) -> Answer {
      let body: JSON = [
        "type": .string("urn:selvedge:problem:" + name), "title": "title",
        "status": .int(Int64(status)),
        "detail": .string(detail),
      ]
      return Answer(status: status, type: "application/problem+json", body: body.text)
    }
  }

  struct SocketError: Error { let code: Int32 }

  private let folder: TemporaryFolder
  private let descriptor: Int32
  private let answer: @Sendable (Request) -> Answer?
  private let seen = Mutex<[Request]>([])

  var socketPath: String { folder.file("twin.sock") }
  var requests: [Request] { seen.withLock { $0 } }

  /// - Parameter answer: nil is 404 `not-found`.
  init(_ answer: @escaping @Sendable (Request) -> Answer?) throws {
    folder = try TemporaryFolder()
    self.answer = answer
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array((folder.path + "/twin.sock").utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    guard isBound, listen(descriptor, 32) == 0 else { throw SocketError(code: errno) }
    let listener = self.descriptor
    onThread { [weak self] in
      while case let client = accept(listener, nil, nil), client >= 0 {
        guard let self else {
          close(client)
          return
        }
        // A program may keep one connection open while it waits on another.
        onThread { self.serve(client) }
      }
    }
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }

  private func serve(_ client: Int32) {
    defer { close(client) }
    guard let request = Self.read(client) else { return }
    seen.withLock { $0.append(request) }
    let answer = answer(request) ?? .problem(404, "not-found", "no route")
    let text =
      "HTTP/1.1 \(answer.status) -\r\ncontent-type: \(answer.type)\r\ncontent-length: \(answer.body.utf8.count)\r\n"
      + "connection: close\r\n\r\n" + answer.body
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  private static func read(_ client: Int32) -> Request? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let mark = Array("\r\n\r\n".utf8)
    while true {
      if let end = bytes.firstRange(of: mark) {
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(
          separator: "\r\n"
        ).map(String.init)
        var headers: [String: String] = [:]
        for line in head.dropFirst() {
          guard let colon = line.firstIndex(of: ":") else { continue }
          headers[line[..<colon].lowercased()] = String(
            line[line.index(after: colon)...].drop { $0 == " " })
        }
        let body = bytes[end.upperBound...]
        if body.count >= Int(headers["content-length"] ?? "0") ?? 0,
          headers["transfer-encoding"] == nil
        {
          return request(head[0], headers, String(decoding: body, as: UTF8.self))
        }
      }
      let count = recv(client, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
  }

  private static func request(_ line: String, _ headers: [String: String], _ body: String)
    -> Request?
  {
    let words = line.split(separator: " ")
    guard words.count == 3 else { return nil }
    let target = words[1].split(separator: "?", maxSplits: 1)
    let query = target.count > 1 ? target[1].split(separator: "&").map { unescape($0) } : []
    return Request(
      line: "\(words[0]) \(unescape(target[0]))", query: query, headers: headers, body: body)
  }

  private static func unescape(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"),
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
