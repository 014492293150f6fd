// SPDX-License-Identifier: Apache-2.0

/// The line that `--log` writes for a request.
enum RequestLine {
  /// `unit 1 function 3 address 0 quantity 124: ok`; for functions 5 and 6 the value stands in place of the
  /// quantity.
  static func text(of frame: UnsafeRawBufferPointer, answer: UnsafeRawBufferPointer) -> String {
    var line = "unit \(frame[6]) function \(frame[7])"
    if frame.count >= 12 {
      let address = Int(frame[8]) << 8 | Int(frame[9])
      let quantity = Int(frame[10]) << 8 | Int(frame[11])
      line += " address \(address) \(frame[7] == 5 || frame[7] == 6 ? "value" : "quantity") \(quantity)"
    }
    if answer.isEmpty { return line + ": no answer" }
    return line + (answer[7] & 0x80 == 0 ? ": ok" : ": exception \(answer[8])")
  }
}
