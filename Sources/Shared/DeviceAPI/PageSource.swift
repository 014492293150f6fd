// SPDX-License-Identifier: Apache-2.0

/// A file that a browser gets as it is.
package struct Page: Sendable {
  package let type: String
  /// Another one for other bytes; fits between the quotes of an ETag.
  package let tag: String
  package let bytes: [UInt8]

  package init(type: String, tag: String, bytes: [UInt8]) {
    self.type = type
    self.tag = tag
    self.bytes = bytes
  }
}

/// The files of the console. Any thread; never blocks.
package protocol PageSource: Sendable {
  /// - Parameter name: a file's name without a folder; `index.html` is the page at `/`. Nil: there is none.
  func page(_ name: String) -> Page?
}
