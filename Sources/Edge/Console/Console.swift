// SPDX-License-Identifier: Apache-2.0
internal import CConsole
package import DeviceAPI

/// The node console: a page for people at `/`, made of a few files that the program carries.
///
/// It is a client of the twin API like any other and can do nothing that the API does not offer.
package struct Console: PageSource {
  /// Read from the program's own image at the first request.
  private static let pages: [String: Page] = {
    var pages: [String: Page] = [:]
    var place = 0
    while let file = console_file_at(place)?.pointee {
      let bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.size))
      pages[String(cString: file.name)] = Page(
        type: String(cString: file.type), tag: tag(of: bytes), bytes: bytes)
      place += 1
    }
    return pages
  }()

  package init() {}

  package func page(_ name: String) -> Page? { Self.pages[name] }

  /// All names, sorted.
  package static var names: [String] { pages.keys.sorted() }

  /// FNV-1a: a browser only has to notice that a file is another one after an update.
  private static func tag(of bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }
}
