// SPDX-License-Identifier: Apache-2.0

/// A part of the agent that lives from start to stop.
package protocol Module: AnyObject, Sendable {
  /// The name of its section under `modules` in the configuration.
  var name: String { get }

  /// Returns once the module does its work; throws with a text for operators. Does not block the pool.
  func start() async throws

  /// Finishes what was accepted and returns. Called once, also after a `start` that threw.
  func stop() async
}
