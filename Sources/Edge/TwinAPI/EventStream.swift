// SPDX-License-Identifier: Apache-2.0
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON
internal import NIOCore

/// Server-sent events on one response. A write waits until the connection takes more.
struct EventStream {
  private var writer: any ResponseBodyWriter
  private var json = JSONWriter(capacity: 1024)

  init(_ writer: any ResponseBodyWriter) { self.writer = writer }

  /// How soon a browser comes back after a break; also the first bytes, so that it knows the stream is open.
  mutating func begin() async throws { try await writer.write(ByteBuffer(string: "retry: 2000\n\n")) }

  mutating func beat() async throws { try await writer.write(ByteBuffer(string: ":\n\n")) }

  mutating func send(_ event: String, _ encode: (inout JSONWriter) -> Void) async throws {
    json.clear()
    encode(&json)
    try await send(event)
  }

  consuming func finish() async throws { try await writer.finish(nil) }

  /// JSON has no line breaks outside strings and escapes those within: one `data` line holds it.
  private mutating func send(_ event: String) async throws {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(json.bytes.count + 32)
    buffer.writeString("event: ")
    buffer.writeString(event)
    buffer.writeString("\ndata: ")
    buffer.writeBytes(json.bytes)
    buffer.writeString("\n\n")
    try await writer.write(buffer)
  }
}
