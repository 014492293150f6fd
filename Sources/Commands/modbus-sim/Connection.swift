// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// One client: what it has sent and what it is still to be sent.
///
/// Answers wait in a buffer of fixed size. While it is full, nothing more is read from the client, so
/// that one which does not take its answers is held back by TCP and costs nobody else anything.
final class Connection {
  /// Writes the answer to a whole frame into the room given and returns its size, 0 for none.
  typealias Answer = (_ frame: UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer) -> Int

  private static let inputSize = 4096
  private static let outputSize = 64 * Responder.largestFrame

  let socket: Int32
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: inputSize, alignment: 8)
  private var inputCount = 0
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: outputSize, alignment: 8)
  private var outputCount = 0
  /// Bytes at the front of `output` that may be sent now.
  private var dueCount = 0
  /// The answers behind them, with the time each is due: at most as many as `output` holds.
  private var delayed: [(due: Int64, size: Int)] = []

  /// Owns the socket, which does not block.
  init(socket: Int32) { self.socket = socket }

  deinit {
    close(socket)
    input.deallocate()
    output.deallocate()
  }

  private var hasRoom: Bool { Self.outputSize - outputCount >= Responder.largestFrame }

  /// What to wait for in poll.
  var events: Int16 { (hasRoom ? Int16(POLLIN) : 0) | (dueCount > 0 ? Int16(POLLOUT) : 0) }

  /// When the next delayed answer is due, in monotonic nanoseconds.
  var nextDue: Int64? { delayed.first?.due }

  /// Takes what has come, answers it and sends what is due. False: the client is gone, or what it sends
  /// is no Modbus.
  func serve(readable: Bool, now: Int64, delay: Int64, answer: Answer) -> Bool {
    if readable, inputCount < Self.inputSize {
      let count = recv(socket, input.baseAddress?.advanced(by: inputCount), Self.inputSize - inputCount, 0)
      if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { return false }
      inputCount += max(count, 0)
    }
    var wasFull: Bool
    repeat {  // What was sent makes room for frames that had none.
      guard answerFrames(now: now, delay: delay, answer: answer) else { return false }
      wasFull = !hasRoom
      guard send(now: now) else { return false }
    } while wasFull && hasRoom
    return true
  }

  private func answerFrames(now: Int64, delay: Int64, answer: Answer) -> Bool {
    var start = 0
    while hasRoom, inputCount - start >= 8 {
      let length = Int(input[start + 4]) << 8 | Int(input[start + 5])
      guard input[start + 2] == 0, input[start + 3] == 0, (2...254).contains(length) else { return false }
      guard inputCount - start >= 6 + length else { break }
      let frame = UnsafeRawBufferPointer(rebasing: input[start..<start + 6 + length])
      let size = answer(frame, UnsafeMutableRawBufferPointer(rebasing: output[outputCount...]))
      start += 6 + length
      outputCount += size
      if delay == 0 {
        dueCount += size
      } else if size > 0 {
        delayed.append((now + delay, size))
      }
    }
    inputCount -= start
    if start > 0, inputCount > 0 {
      input.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[start..<start + inputCount]))
    }
    return true
  }

  private func send(now: Int64) -> Bool {
    while let first = delayed.first, first.due <= now {
      dueCount += first.size
      delayed.removeFirst()
    }
    guard dueCount > 0 else { return true }
    let count = Glibc.send(socket, output.baseAddress, dueCount, Int32(MSG_NOSIGNAL))
    if count < 0 { return errno == EAGAIN || errno == EINTR }
    dueCount -= count
    outputCount -= count
    if outputCount > 0 {
      output.copyMemory(from: UnsafeRawBufferPointer(rebasing: output[count..<count + outputCount]))
    }
    return true
  }
}
