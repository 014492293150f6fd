// SPDX-License-Identifier: Apache-2.0

/// Cuts what a runner prints into lines for the log: at most 100 at once and 20 a second in the long run, so
/// that a driver that prints in a loop does not fill the disk. What is dropped is counted and said.
struct LogLines {
  static let burst = 100.0
  static let linesPerSecond = 20.0
  /// Longer lines are cut in pieces.
  static let maximumLength = 1000

  private let factor: Double
  private var line: [UInt8] = []
  private var tokens: Double
  private var lastTime: Int64 = 0
  private var dropped = 0

  /// - Parameter factor: how many times the usual number of lines may come.
  init(factor: Double = 1) {
    self.factor = factor
    tokens = Self.burst * factor
  }

  /// - Parameter now: monotonic nanoseconds.
  mutating func add(_ bytes: UnsafeRawBufferPointer, now: Int64, _ emit: (String) -> Void) {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        end(now: now, emit)
      } else {
        // A control character could rewrite the terminal that the log is read on.
        line.append(byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t") ? byte : UInt8(ascii: "?"))
        if line.count == Self.maximumLength { end(now: now, emit) }
      }
    }
  }

  /// Emits what has no line end yet.
  mutating func finish(now: Int64, _ emit: (String) -> Void) { end(now: now, emit) }

  private mutating func end(now: Int64, _ emit: (String) -> Void) {
    guard !line.isEmpty else { return }
    let text = String(decoding: line, as: UTF8.self)
    line.removeAll(keepingCapacity: true)
    pass(now: now, emit) { emit(text) }
  }

  /// Calls `body`, which logs one line, if there is room for it; says before it what was dropped.
  mutating func pass(now: Int64, _ emit: (String) -> Void, _ body: () -> Void) {
    guard admit(now: now) else { return }
    if dropped > 0 {
      emit("(\(dropped) lines were dropped: more than \(Int(Self.linesPerSecond * factor)) a second)")
    }
    dropped = 0
    body()
  }

  /// Whether one more line may go to the log.
  mutating func admit(now: Int64) -> Bool {
    tokens = min(
      Self.burst * factor, tokens + Double(max(0, now - lastTime)) * Self.linesPerSecond * factor / 1e9)
    lastTime = now
    guard tokens >= 1 else {
      dropped += 1
      return false
    }
    tokens -= 1
    return true
  }
}
