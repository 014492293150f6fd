// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store
internal import Synchronization

/// One device's part of a batch that is written as a whole.
///
/// Sound as `@unchecked Sendable`: it is filled by one thread, which hands it to the writer's with the operation.
final class BatchShare: @unchecked Sendable {
  let device: Device
  var desired: (entry: Int, set: TwinBatch.Desired)?
  var reported: (entry: Int, set: TwinBatch.Reported)?

  fileprivate(set) var versions = TwinBatch.Versions(desired: 0, reported: 0)
  fileprivate var desiredPlan: DesiredPlan?
  fileprivate var reportedPlan: UpdatePlan?

  init(_ device: Device) { self.device = device }
}

/// A batch that is written as a whole: all of its devices are locked, each is changed in memory, and one operation
/// goes to the writer before the first lock is left. So memory and disk agree about the order in which each device
/// was changed, and a refusal finds every device as the batch left it.
///
/// Locks are taken in the order of the devices' names, and nothing else takes two.
final class BatchCommit {
  private let shares: [BatchShare]
  private let caller: Caller
  private let time: Int64
  private let now: Int64
  private let writer: Writer
  private let completion: @Sendable (SQLiteError?) -> Void
  private var rows: [StoreChange] = []

  /// - Parameter completion: called after the commit or a failed one, unless `run` refused.
  init(
    shares: [BatchShare], caller: Caller, time: Int64, now: Int64, writer: Writer,
    completion: @escaping @Sendable (SQLiteError?) -> Void
  ) {
    self.shares = shares
    self.caller = caller
    self.time = time
    self.now = now
    self.writer = writer
    self.completion = completion
  }

  /// Nil when the writer has it.
  func run() -> TwinBatch.Refusal? { change(0) }

  /// A frame a device, so it must stay small: what it calls keeps its variables to itself.
  private func change(_ index: Int) -> TwinBatch.Refusal? {
    guard index < shares.count else { return submit() }
    return shares[index].device.state.withLock { state in
      if let refusal = prepare(shares[index], &state) { return refusal }
      guard let refusal = change(index + 1) else { return nil }
      undo(shares[index], &state)
      return refusal
    }
  }

  @inline(never)
  private func prepare(_ share: BatchShare, _ state: inout DeviceState) -> TwinBatch.Refusal? {
    if let (entry, set) = share.reported {
      do throws(TwinError) {
        share.reportedPlan = try share.device.prepareReported(set.values, time: time, now: now, in: &state)
      } catch {
        return .init(entry: entry, error: error)
      }
    }
    if let (entry, set) = share.desired {
      do throws(TwinError) {
        share.desiredPlan = try share.device.prepare(
          set.changes, origin: .api, caller: caller, ifVersion: set.ifVersion, time: time, now: now,
          in: &state)
      } catch {
        undo(share, &state)
        return .init(entry: entry, error: error)
      }
    }
    rows += share.reportedPlan?.rows ?? []
    rows += share.desiredPlan?.rows ?? []
    share.versions = .init(desired: state.desiredVersion, reported: state.reportedVersion)
    return nil
  }

  @inline(never)
  private func undo(_ share: BatchShare, _ state: inout DeviceState) {
    if let plan = share.desiredPlan { share.device.undo(plan, in: &state) }
    if let plan = share.reportedPlan { share.device.undo(plan, in: &state) }
    share.desiredPlan = nil
    share.reportedPlan = nil
  }

  @inline(never)
  private func submit() -> TwinBatch.Refusal? {
    let operation = TwinOperation(rows) { [shares, completion, time] error, database in
      for share in shares {
        if let plan = share.reportedPlan {
          share.device.finish(plan, error: error, in: database, time: time) { error in
            if error == nil { share.device.publish(plan.answer, withResult: false) }
          }
        }
        if let plan = share.desiredPlan {
          share.device.finish(plan, error: error, in: database) { _ in }
        }
      }
      completion(error)
    }
    return writer.submit(operation) ? nil : .init(entry: nil, error: .busy)
  }
}
