// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport

/// Questions to the twin API. A test that gets no answer sees null members, not an error.
extension Node {
  func get(_ target: String) async -> JSON { (try? await http.send("GET", target))?.json ?? .null }

  func twin(_ device: String) async -> JSON { await get("/v1/devices/\(device)") }

  func property(_ name: String, of device: String) async -> JSON {
    await get("/v1/devices/\(device)/properties/\(name)")
  }

  func reported(_ name: String, of device: String) async -> JSON {
    await property(name, of: device)["reported"]?["value"] ?? .null
  }

  func link(of device: String) async -> String { await twin(device)["link"]?["state"]?.string ?? "none" }

  /// Without a state where no library of that name is in a folder.
  func mapper(_ name: String) async -> JSON { await get("/v1/mappers/\(name).so") }

  /// Sets a desired value and waits until the device has it, or `timeout`.
  func set(_ name: String, of device: String, to value: String, timeout: String = "10s") async throws
    -> HTTPReply
  {
    try await http.send(
      "PUT", "/v1/devices/\(device)/properties/\(name)/desired?wait=applied&timeout=\(timeout)", body: value,
      limit: 30)
  }

  // MARK: Waiting

  func becomes(_ state: String, _ device: String, within limit: Duration = .seconds(60)) async -> Bool {
    await eventually(within: limit) { await link(of: device) == state }
  }

  func reports(
    _ value: JSON, as name: String, of device: String, within limit: Duration = .seconds(60)
  ) async -> Bool {
    await eventually(within: limit) { await reported(name, of: device) == value }
  }

  func mapper(_ name: String, becomes state: String, within limit: Duration = .seconds(60)) async -> Bool {
    await eventually(within: limit) { await mapper(name)["state"]?.string == state }
  }
}
