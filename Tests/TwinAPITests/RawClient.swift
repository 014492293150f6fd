// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// A connection on which a test says what it likes.
struct RawClient: Sendable {
  typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>
  struct TimedOut: Error {}

  let channel: Connection
  init(_ channel: Connection) { self.channel = channel }

  /// Everything within it must be over after thirty seconds.
  func withConnection<Result: Sendable>(
    _ body: @escaping @Sendable (inout Conversation) async throws -> Result
  ) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
      group.addTask {
        try await channel.executeThenClose { inbound, outbound in
          var conversation = Conversation(inbound: inbound.makeAsyncIterator(), outbound: outbound)
          return try await body(&conversation)
        }
      }
      group.addTask {
        try await Task.sleep(for: .seconds(30))
        throw TimedOut()
      }
      defer { group.cancelAll() }
      guard let result = try await group.next() else { throw TimedOut() }
      return result
    }
  }

  struct Conversation {
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private(set) var received = ""
    private(set) var isOver = false

    struct ConnectionEnded: Error { let received: String }

    init(
      inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
      outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
      self.inbound = inbound
      self.outbound = outbound
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Reads until the text holds `mark`, and takes what comes before and with it.
    mutating func read(through mark: String) async throws -> String {
      while true {
        if let range = received.ranges(of: mark).first {
          let text = String(received[..<range.upperBound])
          received.removeSubrange(..<range.upperBound)
          return text
        }
        try await more()
      }
    }

    mutating func read(count: Int) async throws -> String {
      while received.utf8.count < count { try await more() }
      let text = String(decoding: received.utf8.prefix(count), as: UTF8.self)
      received = String(decoding: received.utf8.dropFirst(count), as: UTF8.self)
      return text
    }

    /// Reads to the end of the connection.
    mutating func readToEnd() async throws -> String {
      while true {
        do {
          try await more()
        } catch is ConnectionEnded {
          defer { received = "" }
          return received
        }
      }
    }

    private mutating func more() async throws {
      guard let buffer = try await inbound.next() else {
        isOver = true
        throw ConnectionEnded(received: received)
      }
      received += String(buffer: buffer)
    }

    mutating func head() async throws -> Answer {
      let lines = try await read(through: "\r\n\r\n").split(separator: "\r\n")
      let status = Int(lines[0].split(separator: " ")[1]) ?? 0
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
      }
      return Answer(status: status, headers: headers, body: "")
    }

    mutating func answer(toHead: Bool = false) async throws -> Answer {
      var answer = try await head()
      if !toHead, let length = answer.headers["content-length"].flatMap({ Int($0) }) {
        answer.body = try await read(count: length)
      }
      return answer
    }

    /// The next event of a watch: its name and data. Comments and `retry` are skipped.
    mutating func event() async throws -> (name: String, data: String) {
      while true {
        let block = try await read(through: "\n\n")
        guard let range = block.ranges(of: "event: ").first, let data = block.ranges(of: "\ndata: ").first
        else {
          continue
        }
        let end = block.index(block.endIndex, offsetBy: -2)
        return (
          String(block[range.upperBound...].prefix { $0 != "\n" }), String(block[data.upperBound..<end])
        )
      }
    }
  }
}
