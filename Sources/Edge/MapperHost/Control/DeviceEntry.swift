// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// What the host knows of one device. Belongs to the host's thread.
struct DeviceEntry {
  enum Phase {
    /// Nobody drives it: its feed is the host's thread's.
    case idle
    /// Its feed is the engine's.
    case open(Session, Runner, Planned)
    /// Asked to end. Until it has, its feed is the engine's.
    case closing(Session, Runner)
    /// Its session has ended, but others are still on its line: two runners must not use a line at once.
    case parked(Runner, lane: UInt32)

    func isOn(_ runner: Runner) -> Bool {
      switch self {
      case .idle: false
      case .open(_, let its, _), .closing(_, let its), .parked(let its, _): its === runner
      }
    }

    func isOf(_ session: Session) -> Bool {
      switch self {
      case .idle, .parked: false
      case .open(let its, _, _), .closing(let its, _): its === session
      }
    }
  }

  /// What a session was opened for.
  struct Planned {
    var description: DeviceDescription
    var plan: BindingPlan
  }

  /// The driver would not take the device. Asking again with the same makes sense only for some reasons.
  struct Refusal {
    var runner: Int
    var generation: Int
    var plan: BindingPlan
    var reason: String
    /// Monotonic nanoseconds; nil: never.
    var retryAt: Int64?
    var attempts: Int

    func stands(for runner: Runner, _ plan: BindingPlan, now: Int64) -> Bool {
      guard self.runner == runner.number, generation == runner.generation, self.plan == plan else {
        return false
      }
      return retryAt.map { $0 > now } ?? true
    }
  }

  /// Nil: removed, and its session has still to end.
  var description: DeviceDescription?
  var phase = Phase.idle
  /// The twin still writes through a session that has ended.
  var isAttached = false
  /// It was driven a moment ago: what comes next goes on from there, without a wait.
  var continues = false
  /// Why it is not driven, as its twin was told last; nil: nothing was told since it last was.
  var shown: String?
  var refusal: Refusal?
}
