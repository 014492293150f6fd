// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// A POST.
struct HTTPRequest: Sendable {
  var url: ServerURL
  var path: String
  var contentType: String
  /// Without the scheme's own word ("Token abc"); nil: none.
  var authorization: String?
  var body: [UInt8]
  /// Milliseconds, from the connect to the last byte of the answer.
  var timeout: Int
}

struct HTTPAnswer: Sendable {
  var status: Int
  /// The begin of its body.
  var text: String

  /// What a status says to somebody who sends values.
  func check() throws(PushFailure) {
    if (200..<300).contains(status) { return }
    let begin = text.prefix(200).split(whereSeparator: \.isNewline).joined(separator: " ")
    // Later is another day; everything else a server will say again. A wrong token may be put right.
    let isFinal = (400..<500).contains(status) && ![401, 403, 404, 408, 425, 429].contains(status)
    throw PushFailure("status \(status)" + (begin.isEmpty ? "" : ": " + begin), isFinal: isFinal)
  }
}
