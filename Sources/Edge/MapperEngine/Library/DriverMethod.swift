// SPDX-License-Identifier: Apache-2.0
internal import CCall
internal import CMapper
internal import DeviceAPI

/// A method of a driver, ready to be called.
///
/// Sound as `@unchecked Sendable`: constant, and so is what the signature points to.
final class DriverMethod: @unchecked Sendable {
  let description: MethodDescription
  private let function: mapper_function
  /// Prepared once, for all threads.
  private let signature: OpaquePointer

  /// Nil: the arguments are too many or of no type, or there is no memory.
  init?(_ description: MethodDescription, function: mapper_function) {
    guard description.arguments.allSatisfy({ $0.type != .none }) else { return nil }
    let codes = description.arguments.map(\.type.abiType)
    guard let signature = sv_signature_create(codes, UInt32(codes.count)) else { return nil }
    self.description = description
    self.function = function
    self.signature = signature
  }

  deinit { sv_signature_destroy(signature) }

  /// - Parameters:
  ///   - words: one for each argument, as `sv_signature_call` has them.
  ///   - out: 16 bytes, zeroed.
  func call(
    _ device: OpaquePointer, _ call: OpaquePointer, words: [UInt64], out: UnsafeMutableRawPointer
  ) -> MapperStatus {
    MapperStatus(rawValue: sv_signature_call(signature, function, device, call, out, words))
  }
}

extension MethodDescription.ValueType {
  var abiType: mapper_type {
    switch self {
    case .none: MAPPER_TYPE_NONE
    case .bool: MAPPER_TYPE_BOOL
    case .int: MAPPER_TYPE_I64
    case .uint: MAPPER_TYPE_U64
    case .double: MAPPER_TYPE_F64
    case .text: MAPPER_TYPE_TEXT
    case .bytes: MAPPER_TYPE_BYTES
    }
  }

  init?(abiType: mapper_type) {
    guard let type = Self.allCases.first(where: { $0.abiType == abiType }) else { return nil }
    self = type
  }
}
