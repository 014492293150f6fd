// SPDX-License-Identifier: Apache-2.0
internal import MapperEngine

/// An engine with a library in it, here or in a runner: the same suite drives both.
protocol EngineLink: AnyObject {
  var record: EngineRecord { get }
  func send(_ command: EngineCommand)
  /// Ends it.
  ///
  /// - Returns: nil when it ended well; else how.
  func stop() -> String?
}

/// The engine in this process.
final class LocalEngine: EngineLink {
  let record = EngineRecord()
  private let engine: Engine

  init(library: String) {
    engine = Engine(sink: record, board: nil)
    _ = engine.load(library)
  }

  func send(_ command: EngineCommand) { engine.handle(command) }

  func stop() -> String? {
    engine.stop(within: .seconds(EngineRecord.patience))
      ? nil : "a driver did not come back within \(EngineRecord.patience) s"
  }
}
