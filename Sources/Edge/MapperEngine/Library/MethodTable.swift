// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI

/// Taking over the methods of a driver (`mapper.methods/1`).
enum MethodTable {
  /// More are refused: a number beyond it is a fault.
  static let maximumMethods = 256

  static func load(_ foreign: UnsafeRawPointer) throws(MapperLoadError) -> [DriverMethod] {
    let word = MemoryLayout<UInt>.size
    let table = try Table.load(
      mapper_methods.self, from: foreign, named: MAPPER_EXT_METHODS, minimum: 16 + word,
      required: [("rows", 16)]
    ).pointee
    let count = Int(table.count)
    guard count <= maximumMethods else {
      throw .badDriver("\(MAPPER_EXT_METHODS) has \(count) methods, \(maximumMethods) are allowed")
    }
    let stride = Int(table.stride)
    guard count == 0 || stride >= rowSize else {
      throw .tooShort(table: "a row of \(MAPPER_EXT_METHODS)", size: stride, required: rowSize)
    }
    var methods: [DriverMethod] = []
    for index in 0..<count {
      let method = try row(UnsafeRawPointer(table.rows) + index * stride, stride: stride)
      guard !methods.contains(where: { $0.description.name == method.description.name }) else {
        throw .badDriver("two methods have the name '\(method.description.name)'")
      }
      methods.append(method)
    }
    return methods
  }

  /// A row of 1.0, of which every member must be there.
  private static let rowSize = 16 + 5 * MemoryLayout<UInt>.size

  private static func row(
    _ foreign: UnsafeRawPointer, stride: Int
  ) throws(MapperLoadError) -> DriverMethod {
    let word = MemoryLayout<UInt>.size
    let copy = try Table.load(
      mapper_method.self, from: foreign, named: "a row of \(MAPPER_EXT_METHODS)", minimum: rowSize,
      required: [("name", 8), ("call", 16 + 2 * word)])
    defer { UnsafeMutablePointer(mutating: copy).deallocate() }
    let row = copy.pointee
    guard Int(row.size) <= stride else {
      throw .badDriver("a row of \(MAPPER_EXT_METHODS) has \(row.size) bytes, but a stride of \(stride)")
    }
    let name = try methodName(row.name, "a method's name")
    guard let result = MethodDescription.ValueType(abiType: row.result) else {
      throw .badDriver("method '\(name)' has a result of the unknown type \(row.result)")
    }
    let description = MethodDescription(
      name: name, summary: row.summary.map { ForeignText.clipped($0) } ?? "",
      arguments: try arguments(of: row, method: name), result: result,
      isIdempotent: row.flags & MAPPER_METHOD_IDEMPOTENT != 0,
      changesState: row.flags & MAPPER_METHOD_CHANGES != 0,
      needsConfirmation: row.flags & MAPPER_METHOD_CONFIRM != 0)
    guard let method = DriverMethod(description, function: row.call) else {
      throw .badDriver("method '\(name)' cannot be prepared for calls")
    }
    return method
  }

  private static func arguments(
    of row: mapper_method, method: String
  ) throws(MapperLoadError) -> [MethodDescription.Argument] {
    let count = Int(row.count)
    guard count <= MethodRequest.maximumArguments else {
      throw .badDriver(
        "method '\(method)' has \(count) arguments, \(MethodRequest.maximumArguments) are allowed")
    }
    guard count > 0 else { return [] }
    guard let codes = row.arguments, let names = row.names else {
      throw .missing(table: "method '\(method)'", member: row.arguments == nil ? "arguments" : "names")
    }
    var arguments: [MethodDescription.Argument] = []
    for index in 0..<count {
      guard let type = MethodDescription.ValueType(abiType: codes[index]), type != .none else {
        throw .badDriver(
          "argument \(index + 1) of method '\(method)' has the unknown type \(codes[index])")
      }
      // As a raw word first: the pointer is declared as never null.
      let slot = UnsafeRawPointer(names).loadUnaligned(
        fromByteOffset: index * MemoryLayout<UInt>.size, as: UnsafePointer<CChar>?.self)
      guard let slot else {
        throw .missing(table: "method '\(method)'", member: "name of argument \(index + 1)")
      }
      let name = try methodName(slot, "the name of argument \(index + 1) of method '\(method)'")
      guard !arguments.contains(where: { $0.name == name }) else {
        throw .badDriver("two arguments of method '\(method)' have the name '\(name)'")
      }
      arguments.append(.init(name: name, type: type))
    }
    return arguments
  }

  /// Letters, digits, `_` and `-`, a letter first, 63 at most.
  private static func methodName(
    _ text: UnsafePointer<CChar>, _ what: String
  ) throws(MapperLoadError) -> String {
    if let name = ForeignText.checked(text, limit: 63), let first = name.utf8.first, isLetter(first),
      name.utf8.allSatisfy({
        isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
      })
    {
      return name
    }
    throw .badDriver(
      "\(what) '\(ForeignText.clipped(text, limit: 64))' is not 1 to 63 letters, digits, '_' and '-', a letter first"
    )
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
