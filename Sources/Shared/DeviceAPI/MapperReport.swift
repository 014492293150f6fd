// SPDX-License-Identifier: Apache-2.0

/// What the twin API shows of the mapper host.
package protocol MapperDirectory: AnyObject, Sendable {
  /// Sorted by file name.
  func mappers() -> [MapperReport]
}

/// A mapper library and its runner at one moment.
package struct MapperReport: Sendable {
  package enum State: String, Sendable {
    /// Its runner starts, or loads the library.
    case starting
    case running
    /// The library cannot be used; `message` says why.
    case refused
    /// The runner ended; it comes back after its back-off.
    case restarting
    /// The file is gone.
    case removed
  }

  /// Where the library runs.
  package enum Isolation: String, Sendable, CaseIterable {
    /// In a runner process of its own: a crash costs that mapper alone.
    case process
    /// In the agent itself.
    case inProcess
  }

  package struct Driver: Sendable, Equatable {
    package var id: String
    package var title: String
    /// JSON texts; nil: takes no settings.
    package var deviceSchema: String?
    package var pointSchema: String?
    package var extensions: [String]
    /// In the driver's order.
    package var methods: [MethodDescription]
    /// Of a scan's options; nil: takes none, or cannot scan.
    package var scanSchema: String?
    package var canScan: Bool
    package var canDescribe: Bool

    package init(
      id: String, title: String, deviceSchema: String?, pointSchema: String?, extensions: [String],
      methods: [MethodDescription] = [], scanSchema: String? = nil, canScan: Bool = false,
      canDescribe: Bool = false
    ) {
      self.id = id
      self.title = title
      self.deviceSchema = deviceSchema
      self.pointSchema = pointSchema
      self.extensions = extensions
      self.methods = methods
      self.scanSchema = scanSchema
      self.canScan = canScan
      self.canDescribe = canDescribe
    }
  }

  package struct Counters: Sendable, Equatable {
    package var devices = 0
    package var lanes = 0
    package var reads: UInt64 = 0
    package var readFailures: UInt64 = 0
    package var writes: UInt64 = 0
    package var writeFailures: UInt64 = 0
    package var samples: UInt64 = 0
    /// Cycles that were left out because the one before was still running.
    package var missedCycles: UInt64 = 0
    /// Samples that were dropped because the agent did not take them in time.
    package var droppedSamples: UInt64 = 0

    package init() {}
  }

  /// The library's whole path.
  package var file: String
  /// The last part of `file`.
  package var fileName: Substring {
    file[(file.lastIndex(of: "/").map { file.index(after: $0) } ?? file.startIndex)...]
  }
  package var name: String
  package var version: String
  package var state: State
  /// Why it is not running, for people.
  package var message: String
  /// SHA-256 of the file, in hexadecimal, shortened to 16 digits.
  package var hash: String
  package var isolation: Isolation
  /// Of its runner; 0: none runs, or it runs in process.
  package var processID: Int32
  package var restarts: Int
  /// How the last runner ended ("signal 11 (SIGSEGV) in read of default/pump-1"), or empty.
  package var lastFault: String
  /// Unix nanoseconds of `lastFault`; 0: none.
  package var lastFaultTime: Int64
  /// Unix nanoseconds.
  package var startTime: Int64
  package var drivers: [Driver]
  package var counters: Counters

  package init(file: String, hash: String, state: State) {
    self.file = file
    self.hash = hash
    self.state = state
    name = ""
    version = ""
    message = ""
    isolation = .process
    processID = 0
    restarts = 0
    lastFault = ""
    lastFaultTime = 0
    startTime = 0
    drivers = []
    counters = Counters()
  }
}
