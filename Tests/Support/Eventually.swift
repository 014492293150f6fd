// SPDX-License-Identifier: Apache-2.0

/// Waits until `condition` holds; false when it does not within `limit`: hundreds of tests share two slow cores in CI.
package func eventually(
  within limit: Duration = .seconds(180), _ condition: () async throws -> Bool
) async rethrows -> Bool {
  let clock = ContinuousClock()
  let end = clock.now.advanced(by: limit)
  while true {
    if try await condition() { return true }
    if clock.now >= end { return false }
    try? await Task.sleep(for: .milliseconds(5))
  }
}
