// SPDX-License-Identifier: Apache-2.0

/// One file in a mapper folder and what runs of it. Belongs to the host's thread.
final class Library {
  let place: LibraryPlace
  /// What serves, or comes back after its back-off; or what was refused, when there is nothing better.
  var current: Runner?
  /// A newer content, until it has shown that it can be loaded.
  var candidate: Runner?
  /// What is wrong with the newest content, while an older one runs or none does; empty: nothing.
  var rejection = ""
  /// The file is gone, and with it `current` and `candidate`.
  private(set) var isRemoved = false
  /// The drivers that went with the file.
  private(set) var formerDrivers: Set<String> = []

  init(place: LibraryPlace) { self.place = place }

  func removed() {
    isRemoved = true
    formerDrivers = Set(current.map { Array($0.drivers.keys) } ?? [])
    current = nil
    candidate = nil
    rejection = ""
  }

  /// There is a file again, good or bad.
  func cameBack() {
    isRemoved = false
    formerDrivers = []
  }

  /// Whether it may still turn out to have any driver.
  var isUndecided: Bool {
    current?.isUndecided == true || candidate?.isUndecided == true
  }

  /// The driver of this id, if this library is the one to ask.
  func driver(_ id: String) -> (runner: Runner, driver: LoadedDriver)? {
    guard let current, let driver = current.drivers[id] else { return nil }
    return (current, driver)
  }
}
