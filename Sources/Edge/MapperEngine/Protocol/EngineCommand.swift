// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI

/// What a host asks of an engine. Commands of one session take effect in order.
package enum EngineCommand: Sendable, Equatable {
  /// Makes a device and drives it until `unbind`. Answered by `bound`, later by samples and links.
  case bind(SessionBinding)
  /// Stops driving it; a call under way is cancelled. Answered by `unbound`, after which nothing more
  /// comes for the session.
  case unbind(session: UInt32)
  /// Answered by `written`.
  case write(WriteRequest)
  /// Answered by `called`.
  case call(MethodRequest)
  /// Answered by any number of `found` and `progress`, then by `scanned`.
  case scan(ScanCommand)
  /// Asks a device what it has; answered as a scan, with one `found` at most.
  case describe(session: UInt32, request: UInt64, timeoutMilliseconds: UInt32)
  /// Ends a call, a scan or a description early: it is answered at once if it still waits for its line, else as soon
  /// as the driver comes back. One that is over, or never was, is no fault.
  case cancel(request: UInt64)
  /// Answered by `counters`.
  case counters
  /// Unbinds everything and ends; a runner exits with status 0.
  case stop
}

package struct WriteRequest: Sendable, Equatable {
  package struct Item: Sendable, Equatable {
    /// Place in `SessionBinding.points`.
    package var point: UInt32
    package var value: Value
    /// Read it back and compare before it counts as written.
    package var verify: Bool

    package init(point: UInt32, verify: Bool = false, value: Value) {
      self.point = point
      self.value = value
      self.verify = verify
    }
  }

  package var session: UInt32
  /// Chosen by the host, comes back in `written`.
  package var request: UInt64
  package var items: [Item]

  package init(session: UInt32, request: UInt64, items: [Item]) {
    self.session = session
    self.request = request
    self.items = items
  }
}

extension EngineCommand {
  package func encode() -> [UInt8] {
    switch self {
    case .bind(let binding): return binding.encode()
    case .unbind(let session): return FrameWriter(.unbind, session: session).finish()
    case .counters: return FrameWriter(.counters).finish()
    case .stop: return FrameWriter(.stop).finish()
    case .write(let write):
      var writer = FrameWriter(.write, session: write.session)
      writer.append(write.request)
      writer.append(write.items) { writer, item in
        writer.append(item.point)
        writer.append(item.verify)
        writer.append(item.value)
      }
      return writer.finish()
    case .call(let request): return request.encode()
    case .scan(let scan): return scan.encode()
    case .describe(let session, let request, let timeoutMilliseconds):
      var writer = FrameWriter(.describe, session: session)
      writer.append(request)
      writer.append(timeoutMilliseconds)
      return writer.finish()
    case .cancel(let request):
      var writer = FrameWriter(.cancel)
      writer.append(request)
      return writer.finish()
    }
  }

  /// Reads a frame from the host; `frame` is whole.
  package init(frame: UnsafeRawBufferPointer, header: Frame.Header) throws(Frame.Malformed) {
    var reader = try FrameReader(frame, header: header)
    switch Frame.Kind(rawValue: header.kind) {
    case .bind: self = .bind(try SessionBinding(session: header.session, reading: &reader))
    case .unbind: self = .unbind(session: header.session)
    case .counters: self = .counters
    case .stop: self = .stop
    case .write:
      let request: UInt64 = try reader.integer()
      let items = try reader.list(minimum: 7) { (reader) throws(Frame.Malformed) in
        WriteRequest.Item(point: try reader.integer(), verify: try reader.bool(), value: try reader.value())
      }
      self = .write(WriteRequest(session: header.session, request: request, items: items))
    case .call: self = .call(try MethodRequest(session: header.session, reading: &reader))
    case .scan: self = .scan(try ScanCommand(reading: &reader))
    case .describe:
      self = .describe(
        session: header.session, request: try reader.integer(), timeoutMilliseconds: try reader.integer())
    case .cancel: self = .cancel(request: try reader.integer())
    default: throw Frame.Malformed("kind \(header.kind) is no command")
    }
    guard reader.isAtEnd else { throw Frame.Malformed("text after the end") }
  }
}

extension FrameWriter {
  mutating func append(_ value: Value) {
    switch value {
    case .bool(let value):
      append(UInt8(0))
      append(value)
    case .int(let value):
      append(UInt8(1))
      append(value)
    case .float(let value):
      append(UInt8(2))
      append(value.bitPattern)
    case .double(let value):
      append(UInt8(3))
      append(value.bitPattern)
    case .text(let value):
      append(UInt8(4))
      append(value)
    case .bytes(let value):
      append(UInt8(5))
      append(value)
    }
  }
}

extension FrameReader {
  mutating func value() throws(Frame.Malformed) -> Value {
    switch try integer(UInt8.self) {
    case 0: .bool(try bool())
    case 1: .int(try integer())
    case 2: .float(Float(bitPattern: try integer()))
    case 3: .double(Double(bitPattern: try integer()))
    case 4: .text(try text())
    case 5: .bytes(try data())
    case let other: throw Frame.Malformed("value of kind \(other)")
    }
  }
}
