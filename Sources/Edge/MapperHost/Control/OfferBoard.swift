// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// Who drives which device, and which drivers there are: put up by the host's thread, read by any.
final class OfferBoard: Sendable {
  /// A device of this node.
  enum Device: Sendable {
    case driven(Session, LoadedDriver)
    /// Nobody drives it now, and why.
    case idle(String)
  }

  /// A driver of a library.
  struct Driver: Sendable {
    var driver: LoadedDriver
    /// For messages.
    var mapper: String
    /// Nil: the library is down, and why.
    var link: (any EngineLink)?
    var fault: String
  }

  private struct State {
    var devices: [DeviceName: Device] = [:]
    var drivers: [String: Driver] = [:]
  }

  private let state = Mutex(State())

  /// - Parameter device: nil: it is gone.
  func put(_ name: DeviceName, _ device: Device?) { state.withLock { $0.devices[name] = device } }
  func put(_ drivers: [String: Driver]) { state.withLock { $0.drivers = drivers } }

  func device(_ name: DeviceName) -> Device? { state.withLock { $0.devices[name] } }

  func driven(_ name: DeviceName) throws(MethodError) -> (session: Session, driver: LoadedDriver) {
    switch device(name) {
    case .driven(let session, let driver): return (session, driver)
    case .idle(let reason): throw .notDriven(name, reason: reason)
    case nil: throw .deviceNotFound(name)
    }
  }

  func driver(_ id: String) throws(DiscoveryError) -> Driver {
    let (driver, ids) = state.withLock { state in
      (state.drivers[id], state.drivers.keys.sorted())
    }
    guard let driver else { throw .driverNotFound(id, available: ids) }
    return driver
  }
}
