// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// Stands where the mapper host would, on a node whose configuration switches it off.
final class NoMappers: MapperDirectory, MethodService, DiscoveryService {
  private static let reason = "mappers are switched off on this node (modules.mapperHost.enable)"

  func mappers() -> [MapperReport] { [] }

  func methods(of device: DeviceName) throws(MethodError) -> [MethodDescription] {
    throw .notDriven(device, reason: Self.reason)
  }

  func call(
    _ call: MethodCall, completion: @escaping @Sendable (Result<MethodOutcome, MethodError>) -> Void
  ) -> any OngoingWork {
    completion(.failure(.notDriven(call.device, reason: Self.reason)))
    return NoWork()
  }

  func scan(
    _ request: ScanRequest, onEvent: @escaping @Sendable (ScanEvent) -> Void
  ) throws(DiscoveryError) -> any OngoingWork {
    throw .driverNotFound(request.driver, available: [])
  }

  func describe(
    _ device: DeviceName, timeout: Duration, onEvent: @escaping @Sendable (ScanEvent) -> Void
  ) throws(DiscoveryError) -> any OngoingWork {
    throw .notRunning(Self.reason)
  }
}

/// What never began.
private final class NoWork: OngoingWork {
  func cancel() {}
}
