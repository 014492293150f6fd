// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import JSON

/// What the twins and the manifests refuse, as problems.
extension Problem {
  init(_ error: TwinError) {
    switch error {
    case .deviceNotFound(let device):
      self = .deviceNotFound(device)
    case .propertyNotFound(let device, let property):
      self = .propertyNotFound(property, of: device)
    case .readOnly(let property):
      self.init(
        .unprocessableContent, "read-only-property", "the property cannot be set",
        detail: "\(property): the device model says ReadOnly.", members: ["property": .string(property)])
    case .invalid(let property, let value, let expected):
      self.init(
        .unprocessableContent, "invalid-value", "the property does not take this value",
        detail: "\(property): \(value): expected \(expected).",
        members: ["property": .string(property), "value": .string(value), "expected": .string(expected)])
    case .conflict(let current):
      self = .versionConflict(current: current)
    case .reportedDiffers(let property, let reported):
      let found = reported.map { "\($0.text) is reported" } ?? "nothing is reported yet"
      var members: JSON.Members = ["property": .string(property)]
      if let reported { members.append("reported", JSON(reported)) }
      self.init(
        .preconditionFailed, "reported-differs", "the device reports another value",
        detail: "\(property): \(found). Read the twin and decide again.", members: members)
    case .reportedByMapper(let property):
      self.init(
        .conflict, "reported-by-mapper", "a mapper reports this property",
        detail: "\(property): its mapper reads it from the device, so nobody else may report it.",
        members: ["property": .string(property)])
    case .busy:
      self = .busy("The twin is not ready yet, or too many writes wait for the disk; nothing was changed.")
    case .storage(let reason):
      self = .storage(reason)
    }
  }

  init(_ error: ManifestError) {
    switch error {
    case .invalid(let problems):
      self.init(
        .unprocessableContent, "invalid-manifest", "the manifests are not right",
        detail: problems.map(\.description).joined(separator: "\n"),
        members: ["problems": .array(problems.map(Self.member))])
    case .notFound(let object):
      self.init(
        .notFound, "manifest-not-found", "no manifest holds this object", detail: "\(object) is not here.")
    case .shared(let file, let objects):
      self.init(
        .conflict, "shared-manifest", "the object shares its file with others",
        detail:
          "\(file) also holds \(objects.joined(separator: ", ")); take the object out of the file by hand.",
        members: ["file": .string(file), "objects": .array(objects.map { .string($0) })])
    case .storage(let reason):
      self = .storage(reason)
    }
  }

  static func deviceNotFound(_ device: DeviceName) -> Problem {
    Problem(
      .notFound, "device-not-found", "no such device", detail: "This node has no device \(device).",
      members: ["device": .string(device.description)])
  }

  static func propertyNotFound(_ property: String, of device: DeviceName) -> Problem {
    Problem(
      .notFound, "property-not-found", "no such property", detail: "\(device) has no property \(property).",
      members: ["device": .string(device.description), "property": .string(property)])
  }

  static func versionConflict(current: Int64) -> Problem {
    var problem = Problem(
      .preconditionFailed, "version-conflict", "the twin has another version",
      detail:
        "If-Match does not name desiredVersion \(current): somebody else has set a value. Read the twin "
        + "and decide again.",
      members: ["desiredVersion": .int(current)])
    problem.headers[.eTag] = EntityTag.text(current)
    return problem
  }

  static func busy(_ detail: String) -> Problem {
    var problem = Problem(
      .serviceUnavailable, "busy", "too much is asked at once", detail: detail + " Try again.")
    problem.headers[.retryAfter] = "1"
    return problem
  }

  static func storage(_ reason: String) -> Problem {
    Problem(
      .internalServerError, "storage", "nothing can be kept", detail: "Nothing was changed: \(reason)")
  }

  static func member(_ problem: ManifestProblem) -> JSON {
    var members: JSON.Members = ["file": .string(problem.file)]
    if problem.line > 0 { members.append("line", .int(Int64(problem.line))) }
    if !problem.path.isEmpty { members.append("path", .string(problem.path)) }
    if !problem.value.isEmpty { members.append("value", .string(problem.value)) }
    members.append("expected", .string(problem.expected))
    return .object(members)
  }
}

extension JSON {
  /// A number, a boolean or a string; bytes as base64, and null for what JSON has no number for.
  init(_ value: DeviceAPI.Value) {
    switch value {
    case .bool(let flag): self = .bool(flag)
    case .int(let number): self = .int(number)
    case .float(let number): self = number.isFinite ? .number(Double(number.description) ?? 0) : .null
    case .double(let number): self = number.isFinite ? .number(number) : .null
    case .text(let text): self = .string(text)
    case .bytes(let bytes): self = .string(Base64.encode(bytes))
    }
  }
}
