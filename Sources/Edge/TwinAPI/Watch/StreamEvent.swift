// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import NIOCore

/// One event as the wire has it, encoded once for all streams that get it.
final class StreamEvent {
  enum Form { case eventStream, webSocket }

  let device: DeviceName?
  private let name: StaticString
  private let id: String
  private let data: [UInt8]
  private var chunk: ByteBuffer?
  private var frame: ByteBuffer?

  private init(_ name: StaticString, id: String, device: DeviceName?, data: [UInt8]) {
    self.name = name
    self.id = id
    self.device = device
    self.data = data
  }

  /// - Parameter coalesced: how many changes of the device were left out before this one.
  static func changed(_ device: DeviceSnapshot, coalesced: Int, id: String) -> StreamEvent {
    var json = JSONWriter(capacity: 512 + 256 * device.properties.count)
    json.device(device, as: .change(coalesced: coalesced))
    return StreamEvent("device", id: id, device: device.name, data: json.bytes)
  }

  static func removed(_ name: DeviceName, id: String) -> StreamEvent {
    var json = JSONWriter()
    json.beginObject()
    json.name("namespace")
    json.string(name.namespace)
    json.name("name")
    json.string(name.name)
    json.endObject()
    return StreamEvent("removed", id: id, device: name, data: json.bytes)
  }

  static func reset(id: String) -> StreamEvent {
    StreamEvent("reset", id: id, device: nil, data: Array("{}".utf8))
  }

  func bytes(_ form: Form) -> ByteBuffer {
    switch form {
    case .eventStream:
      if let chunk { return chunk }
      let new = Self.chunk(text)
      chunk = new
      return new
    case .webSocket:
      if let frame { return frame }
      let new = SocketFrame.text(message)
      frame = new
      return new
    }
  }

  /// JSON has no line breaks outside strings and escapes those within: one `data` line holds it.
  private var text: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(data.count + 64)
    bytes += "event: ".utf8
    bytes += UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    bytes += "\nid: ".utf8
    bytes += id.utf8
    bytes += "\ndata: ".utf8
    bytes += data
    bytes += "\n\n".utf8
    return bytes
  }

  private var message: [UInt8] {
    var json = JSONWriter(capacity: data.count + 64)
    json.beginObject()
    json.name("event")
    json.string("\(name)")
    json.name("eventId")
    json.string(id)
    json.name("data")
    json.raw(data)
    json.endObject()
    return json.bytes
  }

  /// A chunk of HTTP's chunked encoding.
  static func chunk(_ bytes: [UInt8]) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(bytes.count + 16)
    buffer.writeString(String(bytes.count, radix: 16))
    buffer.writeStaticString("\r\n")
    buffer.writeBytes(bytes)
    buffer.writeStaticString("\r\n")
    return buffer
  }
}
