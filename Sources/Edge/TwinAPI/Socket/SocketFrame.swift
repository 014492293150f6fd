// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOWebSocket

/// Frames of a WebSocket as a server sends them: whole and without a mask, so that all connections get the same bytes.
enum SocketFrame {
  static func text(_ bytes: [UInt8]) -> ByteBuffer { frame(.text, ByteBuffer(bytes: bytes)) }

  static func close(_ code: WebSocketErrorCode, _ reason: String) -> ByteBuffer {
    var content = ByteBuffer()
    content.write(webSocketErrorCode: code)
    content.writeString(String(reason.prefix(100)))
    return frame(.connectionClose, content)
  }

  static func frame(_ opcode: WebSocketOpcode, _ content: ByteBuffer) -> ByteBuffer {
    let length = content.readableBytes
    var buffer = ByteBuffer()
    buffer.reserveCapacity(length + 10)
    buffer.writeInteger(0x80 | UInt8(webSocketOpcode: opcode))
    switch length {
    case ..<126: buffer.writeInteger(UInt8(length))
    case ..<65536:
      buffer.writeInteger(126 as UInt8)
      buffer.writeInteger(UInt16(length))
    default:
      buffer.writeInteger(127 as UInt8)
      buffer.writeInteger(UInt64(length))
    }
    buffer.writeImmutableBuffer(content)
    return buffer
  }
}
