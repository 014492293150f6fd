// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import Glibc

/// Points as a mapper sees them, in memory that is overwritten before it is freed.
final class NativePoints {
  let first: UnsafeMutablePointer<mapper_point>
  let count: Int
  private let settings: [NativeSettings]
  private var names: [(address: UnsafeMutableRawPointer, size: Int)] = []

  init(_ plans: [PointPlan]) {
    count = plans.count
    settings = plans.map { NativeSettings($0.settings) }
    guard let memory = malloc(max(1, plans.count * MemoryLayout<mapper_point>.stride)) else { exit(70) }
    first = memory.bindMemory(to: mapper_point.self, capacity: max(1, plans.count))
    for (place, plan) in plans.enumerated() {
      let access = (plan.isReadable ? MAPPER_ACCESS_READ : 0) | (plan.isWritable ? MAPPER_ACCESS_WRITE : 0)
      (first + place).initialize(
        to: mapper_point(
          id: UInt32(place), type: plan.type, access: access, name: NativeSettings.copy(plan.name, &names),
          settings: settings[place].settings, cycle_ms: plan.cycleMilliseconds, reserved: 0))
    }
  }

  deinit {
    memset(first, 0xDB, count * MemoryLayout<mapper_point>.stride)
    free(first)
    for name in names {
      memset(name.address, 0xDB, name.size)
      free(name.address)
    }
  }
}
