// SPDX-License-Identifier: Apache-2.0

/// The time of a request, as patterns see it.
struct Moment {
  /// Periods since the start.
  var tick: Int
  /// The value of `Pattern.clock`.
  var clock: Float
}
