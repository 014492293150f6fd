// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import Glibc

/// Reading what a method left behind its `out`.
enum MethodResult {
  struct Fault: Error, Equatable {
    let reason: String
  }

  /// A larger text or more bytes are refused.
  static let maximumSize = 1 << 20

  /// Zeroed memory for a result of any type.
  static func withMemory<T>(_ body: (UnsafeMutableRawPointer) -> T) -> T {
    var memory = mapper_bytes()
    return withUnsafeMutablePointer(to: &memory) { body(UnsafeMutableRawPointer($0)) }
  }

  static func value(
    _ type: MethodDescription.ValueType, at out: UnsafeMutableRawPointer
  ) -> Result<MethodValue, Fault> {
    switch type {
    case .none: return .success(.nothing)
    case .bool: return .success(.bool(out.load(as: UInt8.self) != 0))
    case .int: return .success(.int(out.load(as: Int64.self)))
    case .uint: return .success(.uint(out.load(as: UInt64.self)))
    case .double:
      let number = out.load(as: Double.self)
      // JSON has no other.
      guard number.isFinite else { return .failure(.init(reason: "the result is not a finite number")) }
      return .success(.double(number))
    case .text:
      guard let text = out.load(as: UnsafePointer<CChar>?.self) else { return .success(.text("")) }
      let size = strnlen(text, maximumSize + 1)
      guard size <= maximumSize else { return tooLarge }
      guard let text = String(validating: UnsafeRawBufferPointer(start: text, count: size), as: UTF8.self)
      else { return .failure(.init(reason: "the result is no UTF-8")) }
      return .success(.text(text))
    case .bytes:
      let bytes = out.load(as: mapper_bytes.self)
      guard bytes.size <= UInt64(maximumSize) else { return tooLarge }
      guard bytes.size > 0 else { return .success(.bytes([])) }
      guard let data = bytes.data else {
        return .failure(.init(reason: "the result has a size without data"))
      }
      return .success(.bytes(Array(UnsafeRawBufferPointer(start: data, count: Int(bytes.size)))))
    }
  }

  private static var tooLarge: Result<MethodValue, Fault> {
    .failure(.init(reason: "the result has more than 1 MiB"))
  }
}

extension CallContext {
  /// Arguments as `sv_signature_call` takes them; what they point to is in the arena. Nil: no room there, or a text
  /// with a NUL.
  func words(for arguments: [MethodValue]) -> [UInt64]? {
    var words: [UInt64] = []
    for argument in arguments {
      guard let word = word(for: argument) else { return nil }
      words.append(word)
    }
    return words
  }

  private func word(for argument: MethodValue) -> UInt64? {
    switch argument {
    case .nothing: return nil
    case .bool(let value): return value ? 1 : 0
    case .int(let value): return UInt64(bitPattern: value)
    case .uint(let value): return value
    case .double(let value): return value.bitPattern
    case .text(var value):
      guard !value.utf8.contains(0) else { return nil }
      return value.withUTF8 { arena.copy(UnsafeRawBufferPointer($0)) }.map { UInt64(UInt(bitPattern: $0)) }
    case .bytes(let value):
      guard let data = value.withUnsafeBytes({ arena.copy($0) }),
        let memory = arena.allocate(MemoryLayout<mapper_bytes>.size, align: 8)
      else { return nil }
      memory.storeBytes(of: mapper_bytes(data: data, size: UInt64(value.count)), as: mapper_bytes.self)
      return UInt64(UInt(bitPattern: memory))
    }
  }
}
