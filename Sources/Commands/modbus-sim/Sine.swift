// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A turn of the sine pattern in steps of a degree, so that a read costs no trigonometry.
enum Sine {
  static let table: [Float] = (0..<360).map { Float(50 + 50 * sin(Double($0) * .pi / 180)) }
}
