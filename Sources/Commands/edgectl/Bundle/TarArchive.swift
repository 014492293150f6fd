// SPDX-License-Identifier: Apache-2.0

/// A tar archive (POSIX ustar) in memory.
struct TarArchive {
  private(set) var bytes: [UInt8] = []
  /// Unix seconds, of all entries.
  private let time: Int64

  init(time: Int64) { self.time = time }

  /// - Parameter name: at most 100 bytes of ASCII.
  mutating func add(_ name: String, _ content: [UInt8]) {
    var header: [UInt8] = []
    func field(_ text: String, _ size: Int) {
      header += Array(text.utf8).prefix(size)
      header += repeatElement(0, count: size - min(size, text.utf8.count))
    }
    func octal(_ value: Int64, _ size: Int) {
      let digits = String(max(0, value), radix: 8)
      field(String(repeating: "0", count: max(0, size - 1 - digits.count)) + digits, size)
    }
    field(name, 100)
    octal(0o600, 8)
    octal(0, 8)
    octal(0, 8)
    octal(Int64(content.count), 12)
    octal(time, 12)
    // The sum is made with blanks in its own place.
    field("        ", 8)
    field("0", 1)
    field("", 100)
    field("ustar", 6)
    field("00", 2)
    field("root", 32)
    field("root", 32)
    field("", 183)
    let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    let digits =
      Array((String(repeating: "0", count: max(0, 6 - sum.count)) + sum).utf8) + [0, 0x20]
    header.replaceSubrange(148..<156, with: digits)
    bytes += header
    bytes += content
    pad(to: 512)
  }

  /// The end of an archive.
  mutating func finish() {
    bytes += repeatElement(0, count: 1024)
    pad(to: 10240)
  }

  private mutating func pad(to size: Int) {
    bytes += repeatElement(0, count: (size - bytes.count % size) % size)
  }
}
