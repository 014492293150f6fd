// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import Logging
internal import MapperEngine

/// Hands what an engine in this process says straight on, on the thread that says it: no frame, no copy, no hop.
final class LocalSink: EngineSink {
  private let desk: SessionDesk
  /// Weak: what the library holds of its host stays for good, and the link has a descriptor.
  private let link: @Sendable () -> LocalLink?
  private let log: Logger

  init(desk: SessionDesk, link: LocalLink, log: Logger) {
    self.desk = desk
    self.link = { [weak link] in link }
    self.log = log
  }

  func send(_ event: EngineEvent) {
    switch event {
    case .loaded(let library): link()?.answer(.loaded(library))
    case .refused(let reason): link()?.answer(.refused(reason))
    case .counters(let counters): link()?.counters.set(counters)
    case .log(let session, let level, let text): log.log(level, text, device: desk.device(of: session))
    default: desk.take(event)
    }
  }

  /// Never drops: a feed takes what it gets at once.
  func send(
    _ samples: UnsafeBufferPointer<mapper_sample>, session: UInt32, arrival: Int64, mayWait: Bool
  ) -> Bool {
    if let entry = desk[session] {
      entry.receive(SampleFrame.samples(samples, mapping: entry.session.mapping), arrival: arrival)
    }
    return true
  }
}
