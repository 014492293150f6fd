// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// Finds the layout that devices with equal properties share. Keeps none alive.
final class LayoutPool: Sendable {
  private let pools = Mutex<[String: WeakPool<TwinLayout>]>([:])

  func layout(of description: DeviceDescription) -> TwinLayout {
    pools.withLock { pools in
      // Models that are gone leave nothing behind.
      if pools[description.model] == nil { pools = pools.filter { !$0.value.isEmpty } }
      return pools[description.model, default: WeakPool(limit: 8)].object {
        $0.matches(description)
      } orMake: {
        TwinLayout(description)
      }
    }
  }
}
