// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI

/// What an engine tells its host. Samples are not among these: they have a way of their own
/// (`SampleFrame`), since they are many.
package enum EngineEvent: Sendable, Equatable {
  /// First event of all, if the library can be used.
  case loaded(LibraryReport)
  /// First and last event otherwise.
  case refused(reason: String)
  /// The device was made and its points were bound, or not: then nothing more comes for the session.
  case bound(BindOutcome)
  case unbound(session: UInt32)
  case link(session: UInt32, state: LinkState, status: MapperStatus, reason: String)
  case written(session: UInt32, request: UInt64, items: [WriteItemOutcome])
  /// How a call of a method went: its status, the driver's words for a failure (or empty), and the result
  /// (`nothing` unless the status is OK).
  case called(session: UInt32, request: UInt64, status: MapperStatus, text: String, result: MethodValue)
  case found(request: UInt64, FoundItem)
  /// About five a second at most; the last one always comes, before `scanned`. `total` 0: not known.
  case progress(request: UInt64, done: UInt32, total: UInt32, text: String)
  /// A scan or a description is over; the last that comes for the request.
  case scanned(request: UInt64, status: MapperStatus, text: String)
  case counters(MapperReport.Counters)
  /// A line of the driver or the engine; `session` 0: of the library as a whole.
  case log(session: UInt32, level: LogLevel, text: String)
}

package enum LogLevel: UInt8, Sendable {
  case error = 1
  case warning
  case info
  case debug
}

package struct BindOutcome: Sendable, Equatable {
  package var session: UInt32
  package var status: MapperStatus
  /// Why not; empty when all is well.
  package var reason: String
  /// The line that the device is on, by a number of the engine's; 0: it was not bound. Devices of one line are never
  /// called at the same time, and wait for each other.
  package var lane: UInt32 = 0
  /// A refused point: its place in the binding, and why.
  package var refusedPoints: [WriteItemOutcome]
}

/// The outcome for one point.
package struct WriteItemOutcome: Sendable, Equatable {
  package var point: UInt32
  package var status: MapperStatus
  package var text: String
}

extension EngineEvent {
  package func encode() -> [UInt8] {
    switch self {
    case .loaded(let library):
      var writer = FrameWriter(.loaded)
      writer.append(library)
      return writer.finish()
    case .refused(let reason):
      var writer = FrameWriter(.refused)
      writer.append(reason)
      return writer.finish()
    case .bound(let outcome):
      var writer = FrameWriter(.bound, session: outcome.session)
      writer.append(outcome.status.rawValue)
      writer.append(outcome.reason)
      writer.append(outcome.lane)
      writer.append(outcome.refusedPoints)
      return writer.finish()
    case .unbound(let session):
      return FrameWriter(.unbound, session: session).finish()
    case .link(let session, let state, let status, let reason):
      var writer = FrameWriter(.link, session: session)
      writer.append(state.code)
      writer.append(status.rawValue)
      writer.append(reason)
      return writer.finish()
    case .written(let session, let request, let items):
      var writer = FrameWriter(.written, session: session)
      writer.append(request)
      writer.append(items)
      return writer.finish()
    case .called(let session, let request, let status, let text, let result):
      var writer = FrameWriter(.called, session: session)
      writer.append(request)
      writer.append(status.rawValue)
      writer.append(text)
      writer.append(result)
      return writer.finish()
    case .found(let request, let item):
      var writer = FrameWriter(.found)
      writer.append(request)
      writer.append(item)
      return writer.finish()
    case .progress(let request, let done, let total, let text):
      var writer = FrameWriter(.progress)
      writer.append(request)
      writer.append(done)
      writer.append(total)
      writer.append(text)
      return writer.finish()
    case .scanned(let request, let status, let text):
      var writer = FrameWriter(.scanned)
      writer.append(request)
      writer.append(status.rawValue)
      writer.append(text)
      return writer.finish()
    case .counters(let counters):
      var writer = FrameWriter(.countersReply)
      writer.append(UInt32(counters.devices))
      writer.append(UInt32(counters.lanes))
      for count in [
        counters.reads, counters.readFailures, counters.writes, counters.writeFailures, counters.samples,
        counters.missedCycles, counters.droppedSamples,
      ] { writer.append(count) }
      return writer.finish()
    case .log(let session, let level, let text):
      var writer = FrameWriter(.log, session: session)
      writer.append(level.rawValue)
      writer.append(text)
      return writer.finish()
    }
  }

  /// Reads a frame from a runner; `frame` is whole and not of kind `samples`.
  package init(frame: UnsafeRawBufferPointer, header: Frame.Header) throws(Frame.Malformed) {
    var reader = try FrameReader(frame, header: header)
    switch Frame.Kind(rawValue: header.kind) {
    case .loaded: self = .loaded(try reader.library())
    case .refused: self = .refused(reason: try reader.text())
    case .bound:
      self = .bound(
        BindOutcome(
          session: header.session, status: MapperStatus(rawValue: try reader.integer()),
          reason: try reader.text(), lane: try reader.integer(), refusedPoints: try reader.items()))
    case .unbound: self = .unbound(session: header.session)
    case .link:
      guard let state = LinkState(code: try reader.integer()) else { throw Frame.Malformed("link state") }
      self = .link(
        session: header.session, state: state, status: MapperStatus(rawValue: try reader.integer()),
        reason: try reader.text())
    case .written:
      self = .written(
        session: header.session, request: try reader.integer(), items: try reader.items())
    case .called:
      self = .called(
        session: header.session, request: try reader.integer(),
        status: MapperStatus(rawValue: try reader.integer()), text: try reader.text(),
        result: try reader.methodValue())
    case .found: self = .found(request: try reader.integer(), try reader.foundItem())
    case .progress:
      self = .progress(
        request: try reader.integer(), done: try reader.integer(), total: try reader.integer(),
        text: try reader.text())
    case .scanned:
      self = .scanned(
        request: try reader.integer(), status: MapperStatus(rawValue: try reader.integer()),
        text: try reader.text())
    case .countersReply:
      var counters = MapperReport.Counters()
      counters.devices = Int(try reader.integer(UInt32.self))
      counters.lanes = Int(try reader.integer(UInt32.self))
      counters.reads = try reader.integer()
      counters.readFailures = try reader.integer()
      counters.writes = try reader.integer()
      counters.writeFailures = try reader.integer()
      counters.samples = try reader.integer()
      counters.missedCycles = try reader.integer()
      counters.droppedSamples = try reader.integer()
      self = .counters(counters)
    case .log:
      guard let level = LogLevel(rawValue: try reader.integer()) else { throw Frame.Malformed("log level") }
      self = .log(session: header.session, level: level, text: try reader.text())
    default: throw Frame.Malformed("kind \(header.kind) is no event")
    }
    guard reader.isAtEnd else { throw Frame.Malformed("text after the end") }
  }
}

extension LinkState {
  /// The byte that stands for the state in frames.
  var code: UInt8 {
    switch self {
    case .online: 0
    case .degraded: 1
    case .connecting: 2
    case .offline: 3
    case .unavailable: 4
    }
  }

  init?(code: UInt8) {
    guard let state = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = state
  }
}

extension FrameWriter {
  mutating func append(_ items: [WriteItemOutcome]) {
    append(items) { writer, item in
      writer.append(item.point)
      writer.append(item.status.rawValue)
      writer.append(item.text)
    }
  }
}

extension FrameReader {
  mutating func items() throws(Frame.Malformed) -> [WriteItemOutcome] {
    try list(minimum: 12) { (reader) throws(Frame.Malformed) in
      WriteItemOutcome(
        point: try reader.integer(), status: MapperStatus(rawValue: try reader.integer()),
        text: try reader.text())
    }
  }
}
