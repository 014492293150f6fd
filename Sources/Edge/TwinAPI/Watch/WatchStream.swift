// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import NIOCore

/// One reader of changes, on its event loop.
///
/// In step, it gets the events of its group. It falls behind when its connection takes no more; then it keeps which
/// devices it owes, each once, and from where on: its memory does not grow with the changes.
///
/// Sound as `@unchecked Sendable`: it is touched on its channel's event loop only.
final class WatchStream: @unchecked Sendable {
  /// What is owed of one device.
  struct Debt {
    /// Nil: all of it.
    var after: UInt64?
    /// Changes that came while it was owed.
    var changes: Int
    /// Whether the reader knows the device.
    var isKnown: Bool
    /// It went, and is told gone even if it is back.
    var isRemoved: Bool
  }

  let form: StreamEvent.Form
  let filter: StreamFilter
  var start: StreamStart
  let output: StreamHandler
  /// Everything up to here has been told.
  var position: UInt64 = 0
  /// Of the last delivery that it was given, or that it need not be given.
  var delivered: UInt64 = 0
  /// It caught up while a delivery to it was under way, so it may have read more than that tells.
  var hasReadAhead = false
  /// Names of the devices that are still to be told for the first time, in order.
  var backlog: ArraySlice<DeviceName> = []
  var debts: [DeviceName: Debt] = [:]
  /// First come, first served.
  var order: ArraySlice<DeviceName> = []
  /// Nothing was sent since the last beat.
  var isQuiet = true
  var isOpen = true
  var isScheduled = false
  /// Its place in its group's list.
  var index = 0

  init(form: StreamEvent.Form, filter: StreamFilter, start: StreamStart, output: StreamHandler) {
    self.form = form
    self.filter = filter
    self.start = start
    self.output = output
  }

  var isInStep: Bool { backlog.isEmpty && debts.isEmpty }

  func send(_ event: StreamEvent) {
    output.write(event.bytes(form))
    isQuiet = false
  }

  /// Whether the device will be told anyway, when its turn in the backlog comes.
  func awaits(_ name: DeviceName) -> Bool {
    backlog.contains(sorted: name)
  }

  func owe(_ name: DeviceName, _ debt: Debt) {
    if var known = debts[name] {
      known.changes += debt.changes
      if debt.isRemoved {
        known.isRemoved = true
        known.after = nil
      }
      debts[name] = known
    } else {
      debts[name] = debt
      order.append(name)
    }
  }

  func takeDebt() -> (name: DeviceName, debt: Debt)? {
    guard let name = order.popFirst(), let debt = debts.removeValue(forKey: name) else { return nil }
    if order.isEmpty { order = [] }
    return (name, debt)
  }
}

extension ArraySlice where Element: Comparable {
  func contains(sorted element: Element) -> Bool {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if self[middle] < element { low = middle + 1 } else { high = middle }
    }
    return low < endIndex && self[low] == element
  }
}
