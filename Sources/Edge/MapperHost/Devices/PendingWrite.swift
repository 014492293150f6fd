// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine

/// A write that waits for the runner's answer. Whoever takes it off the list of those finishes it, so that
/// this happens once.
struct PendingWrite: Sendable {
  let session: Session
  private let values: [PropertyWrite]
  private let completion: @Sendable ([WriteOutcome]) -> Void
  /// When it is given up, monotonic nanoseconds.
  let deadline: Int64

  init(session: Session, values: [PropertyWrite], completion: @escaping @Sendable ([WriteOutcome]) -> Void) {
    self.session = session
    self.values = values
    self.completion = completion
    deadline = WallClock.monotonic + session.writeLimit
  }

  /// The runner's answer; a point that it left out has no known outcome.
  func finish(_ items: [WriteItemOutcome]) {
    finish { point in
      guard let item = items.first(where: { $0.point == point }) else {
        return (.notFilled, "the runner's answer leaves this value out")
      }
      return (item.status, item.text)
    }
  }

  /// The same outcome for every value that was to be written.
  func finish(_ status: MapperStatus, _ text: String) {
    finish { _ in (status, text) }
  }

  private func finish(_ outcome: (_ point: UInt32) -> (MapperStatus, String)) {
    completion(
      values.map { value in
        guard let point = session.point(of: value.property) else {
          return WriteOutcome(
            property: value.property, status: .unsupported, text: "no mapper drives this property")
        }
        let (status, text) = outcome(point)
        return WriteOutcome(property: value.property, status: status, text: text)
      })
  }
}
