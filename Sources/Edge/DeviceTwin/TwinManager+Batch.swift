// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI
internal import JSON
internal import Store
internal import Synchronization

/// Values of many devices at once.
extension TwinManager {
  package func apply(_ batch: TwinBatch, caller: Caller) async throws(TwinBatch.Refusal) -> [TwinBatch
    .Outcome]
  {
    switch batch.mode {
    case .each: return await applyEach(batch, caller: caller)
    case .all: return try await applyAll(batch, caller: caller)
    }
  }

  private func applyEach(_ batch: TwinBatch, caller: Caller) async -> [TwinBatch.Outcome] {
    let count = batch.desired.count + batch.reported.count
    guard count > 0 else { return [] }
    return await withCheckedContinuation { continuation in
      let tally = BatchTally(count: count) { continuation.resume(returning: $0) }
      for (index, entry) in batch.reported.enumerated() {
        let place = batch.desired.count + index
        guard let device = find(entry.device) else {
          tally.set(.failure(.deviceNotFound(entry.device)), at: place)
          continue
        }
        device.setReported(entry.values) { tally.set($0, at: place) }
      }
      for (place, entry) in batch.desired.enumerated() {
        guard let device = find(entry.device) else {
          tally.set(.failure(.deviceNotFound(entry.device)), at: place)
          continue
        }
        device.setDesired(entry.changes, origin: .api, caller: caller, ifVersion: entry.ifVersion) { result in
          tally.set(
            result.map { .init(desired: $0.desiredVersion, reported: $0.reportedVersion) }, at: place)
        }
      }
    }
  }

  private func applyAll(_ batch: TwinBatch, caller: Caller) async throws(TwinBatch.Refusal)
    -> [TwinBatch.Outcome]
  {
    let shares = try shares(of: batch)
    guard !shares.isEmpty else { return [] }
    let time = context.clock.nanoseconds
    let result: Result<[TwinBatch.Outcome], TwinBatch.Refusal> = await withCheckedContinuation {
      continuation in
      let commit = BatchCommit(
        shares: shares, caller: caller, time: time, now: WallClock.monotonic, writer: context.writer
      ) { error in
        continuation.resume(
          returning: error.map { .failure(.init(entry: nil, error: .storage("\($0)"))) }
            ?? .success(Self.outcomes(of: shares, in: batch)))
      }
      if let refusal = commit.run() { return continuation.resume(returning: .failure(refusal)) }
      for share in shares { context.watches.deviceChanged(share.device) }
    }
    return try result.get()
  }

  /// What each device has to do, sorted by name: in this order the locks are taken.
  private func shares(of batch: TwinBatch) throws(TwinBatch.Refusal) -> [BatchShare] {
    var shares: [DeviceName: BatchShare] = [:]
    func share(_ name: DeviceName, entry: Int) throws(TwinBatch.Refusal) -> BatchShare {
      if let known = shares[name] { return known }
      guard let device = find(name) else { throw .init(entry: entry, error: .deviceNotFound(name)) }
      let new = BatchShare(device)
      shares[name] = new
      return new
    }
    for (index, entry) in batch.desired.enumerated() {
      try share(entry.device, entry: index).desired = (index, entry)
    }
    for (index, entry) in batch.reported.enumerated() {
      let place = batch.desired.count + index
      try share(entry.device, entry: place).reported = (place, entry)
    }
    return shares.values.sorted { $0.device.name < $1.device.name }
  }

  private static func outcomes(of shares: [BatchShare], in batch: TwinBatch) -> [TwinBatch.Outcome] {
    var all = [TwinBatch.Outcome?](repeating: nil, count: batch.desired.count + batch.reported.count)
    for share in shares {
      for entry in [share.desired?.entry, share.reported?.entry].compactMap({ $0 }) {
        all[entry] = .success(share.versions)
      }
    }
    return all.compactMap { $0 }
  }
}

/// The outcomes of entries that are written one by one.
private final class BatchTally: Sendable {
  private struct State {
    var outcomes: [TwinBatch.Outcome?]
    var left: Int
  }
  private let state: Mutex<State>
  private let done: @Sendable ([TwinBatch.Outcome]) -> Void

  init(count: Int, done: @escaping @Sendable ([TwinBatch.Outcome]) -> Void) {
    state = Mutex(State(outcomes: Array(repeating: nil, count: count), left: count))
    self.done = done
  }

  func set(_ outcome: TwinBatch.Outcome, at place: Int) {
    let all = state.withLock { state -> [TwinBatch.Outcome]? in
      state.outcomes[place] = outcome
      state.left -= 1
      return state.left == 0 ? state.outcomes.compactMap { $0 } : nil
    }
    if let all { done(all) }
  }
}
