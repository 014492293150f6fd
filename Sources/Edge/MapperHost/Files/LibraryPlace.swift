// SPDX-License-Identifier: Apache-2.0

/// Where a library lies. The smaller place wins where two libraries have the same driver.
struct LibraryPlace: Hashable, Comparable, Sendable {
  /// Place of its folder in the order of precedence.
  let folder: Int
  /// `modbus.so`
  let file: String
  let path: String

  /// The name without its ending, for logs and messages.
  var name: String { String(file.dropLast(3)) }

  static func < (left: Self, right: Self) -> Bool {
    left.folder == right.folder ? left.file < right.file : left.folder < right.folder
  }
}

/// What the watcher of the mapper folders tells.
enum FolderEvent: Sendable {
  /// A library that is new, or whose content is. Told again when the same content was put there again.
  case found(LibraryPlace, Snapshot)
  /// A file that is no library, or cannot be read.
  case rejected(LibraryPlace, reason: String)
  case removed(LibraryPlace)
  /// All that was there at the start has been looked at, save what is still being written after two seconds.
  case firstLookDone
}
