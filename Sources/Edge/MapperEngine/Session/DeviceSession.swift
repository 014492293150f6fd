// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import DeviceAPI
internal import Synchronization

/// One device of a driver, from create to destroy.
///
/// Sound as `@unchecked Sendable`: after init only the thread that runs its lane touches it, one at a time.
final class DeviceSession: @unchecked Sendable {
  /// Without its settings once the device is made: with a hundred devices they are most of a runner's heap.
  private(set) var binding: SessionBinding
  private var list: PointList?
  let driver: DriverTable
  let host: HostContext
  let counters: EngineCounters
  /// Shared by the devices of the lane.
  let call: CallContext

  /// Set by any thread once the session is to end: what waits for the device is no longer done.
  let isEnding = Atomic(false)
  var device: OpaquePointer?
  var link: LinkMachine
  var groups: [PollGroup] = []
  var subscription: Subscription?
  /// The points that it reports.
  var subscribed: [UInt32] = []
  /// Points that `bind` took.
  var isServed: [Bool]
  private var lastReport: LinkMachine.Report?
  private var random = SystemRandomNumberGenerator()

  init(
    _ binding: SessionBinding, driver: DriverTable, host: HostContext, counters: EngineCounters,
    call: CallContext
  ) {
    self.binding = binding
    self.driver = driver
    self.host = host
    self.counters = counters
    self.call = call
    link = LinkMachine(backoff: Backoff(milliseconds: binding.backoffMilliseconds))
    isServed = Array(repeating: false, count: binding.points.count)
  }

  var id: UInt32 { binding.session }

  /// With their settings until the driver has read them.
  var boundPoints: [SessionBinding.Point] { list?.points ?? binding.points }

  /// The driver has read them.
  func forgetSettings() {
    binding.settings = []
    list = host.pointLists.list(of: binding.points)
    binding.points = []
  }

  /// When there is something to do next, monotonic nanoseconds; `.max`: nothing by itself.
  var nextDue: Int64 {
    guard device != nil else { return .max }
    switch link.phase {
    case .closed(let retryAt), .silent(let retryAt): return retryAt
    case .opened, .up: return nextGroup?.due ?? .max
    }
  }

  private var nextGroup: PollGroup? { groups.min { $0.due < $1.due } }

  /// Does the one thing that is due: opens, probes, or reads one group.
  func runDue(now: Int64) {
    switch link.phase {
    case .closed: open(now: now)
    case .silent:
      if let group = nextGroup { poll(group) } else { probe(now: now) }
    case .opened, .up:
      if let group = nextGroup, group.due <= now { poll(group) }
    }
    publishLink()
  }

  /// Calls the driver with the board and the call context set up. All calls but `lane` come through here.
  func inCall<T>(_ function: CallFunction, timeoutMilliseconds: UInt32, _ body: (OpaquePointer) -> T) -> T {
    inCall(function, deadline: WallClock.monotonic + Int64(timeoutMilliseconds) * 1_000_000, body)
  }

  /// - Parameter deadline: monotonic nanoseconds.
  func inCall<T>(_ function: CallFunction, deadline: Int64, _ body: (OpaquePointer) -> T) -> T {
    let now = WallClock.monotonic
    call.begin(deadline: deadline)
    sv_board_enter(id, function.rawValue, now, deadline)
    defer { sv_board_leave() }
    return body(call.handle)
  }

  /// For functions that see no deadline: `close`, `destroy` and `stop`.
  var endTimeoutMilliseconds: UInt32 {
    max(binding.callTimeoutMilliseconds, binding.openTimeoutMilliseconds)
  }

  /// The words for a failed call: the driver's own, or the status.
  func reason(_ status: MapperStatus) -> String { call.failure ?? "\(status)" }

  var jitter: Double { Double.random(in: 0..<1, using: &random) }

  /// Tells the host when state or reason changed.
  func publishLink() {
    guard link.report != lastReport else { return }
    lastReport = link.report
    host.sink.send(
      .link(session: id, state: link.report.state, status: link.report.status, reason: link.report.reason))
  }

  /// What the driver said by itself.
  func driverReported(_ report: HostContext.LinkReport) {
    guard device != nil, link.isOpen else { return }
    let reason = report.text.isEmpty ? "\(report.status)" : report.text
    let now = WallClock.monotonic
    switch report.state {
    case MAPPER_LINK_UP:
      link.driverSaysUp()
      for group in groups { group.resume(now: now) }
    case MAPPER_LINK_DEGRADED:
      link.driverSaysDegraded(report.status, reason)
      for group in groups { group.resume(now: now) }
    case MAPPER_LINK_DOWN: link.driverSaysDown(report.status, reason, now: now, jitter: jitter)
    default: host.log("link state \(report.state) of \(binding.device) is unknown", level: .warning)
    }
    publishLink()
  }
}
