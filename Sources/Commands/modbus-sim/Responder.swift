// SPDX-License-Identifier: Apache-2.0

/// Turns a request frame into its answer. No I/O.
struct Responder {
  /// Bytes of a whole frame: header of 7 and a PDU of at most 253.
  static let largestFrame = 260

  /// Exception codes of the Modbus application protocol.
  enum Exception {
    static let illegalFunction: UInt8 = 1
    static let illegalAddress: UInt8 = 2
    static let illegalValue: UInt8 = 3
    static let gatewayTarget: UInt8 = 11
  }

  private var units: [UInt8: SimulatedUnit]
  private let dead: Set<UInt8>

  /// Units in `dead` never answer; units in neither are answered with exception 11, as by a gateway.
  init(units: [UInt8: SimulatedUnit], dead: Set<UInt8>) {
    self.units = units
    self.dead = dead
  }

  /// Writes the answer to `frame`, a whole one, and returns its size; 0 if the unit is dead. `answer`
  /// has room for `largestFrame` bytes.
  mutating func respond(
    to frame: UnsafeRawBufferPointer, _ moment: Moment, into answer: UnsafeMutableRawBufferPointer
  ) -> Int {
    let unit = frame[6]
    if dead.contains(unit) { return 0 }
    answer.copyMemory(from: UnsafeRawBufferPointer(rebasing: frame[0..<8]))
    let request = UnsafeRawBufferPointer(rebasing: frame[7...])
    let pdu = UnsafeMutableRawBufferPointer(rebasing: answer[7...])
    var size = 0
    let exception =
      units[unit] == nil ? Exception.gatewayTarget : serve(unit, request, moment, into: pdu, size: &size)
    if exception != 0 {
      pdu[0] = request[0] | 0x80
      pdu[1] = exception
      size = 2
    }
    answer[4] = 0
    answer[5] = UInt8(size + 1)
    return 7 + size
  }

  /// The exception, or 0 with the PDU of the answer in `pdu` and its size in `size`.
  private mutating func serve(
    _ unit: UInt8, _ request: UnsafeRawBufferPointer, _ moment: Moment,
    into pdu: UnsafeMutableRawBufferPointer, size: inout Int
  ) -> UInt8 {
    if request[0] == 43 { return Self.identify(request, into: pdu, size: &size) }
    guard let space = Self.space(of: request[0]) else { return Exception.illegalFunction }
    guard request.count >= 5 else { return Exception.illegalValue }
    let address = Self.word(request, 1)
    let quantity = Self.word(request, 3)
    switch request[0] {
    case 1, 2: return readBits(unit, space, address, quantity, moment, into: pdu, size: &size)
    case 3, 4: return readWords(unit, space, address, quantity, moment, into: pdu, size: &size)
    case 5, 6: return writeOne(unit, request, address, quantity, into: pdu, size: &size)
    case 22: return writeMask(unit, request, address, moment, into: pdu, size: &size)
    default: return writeSeveral(unit, request, address, quantity, into: pdu, size: &size)
    }
  }

  private static func space(of function: UInt8) -> RegisterSpace? {
    switch function {
    case 1, 5, 15: .coil
    case 2: .discrete
    case 3, 6, 16, 22: .holding
    case 4: .input
    default: nil
    }
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int {
    Int(bytes[at]) << 8 | Int(bytes[at + 1])
  }

  private func readBits(
    _ unit: UInt8, _ space: RegisterSpace, _ address: Int, _ quantity: Int, _ moment: Moment,
    into pdu: UnsafeMutableRawBufferPointer, size: inout Int
  ) -> UInt8 {
    guard (1...2000).contains(quantity) else { return Exception.illegalValue }
    guard let data = units[unit], data.contains(address, count: quantity) else {
      return Exception.illegalAddress
    }
    let bytes = (quantity + 7) / 8
    pdu[1] = UInt8(bytes)
    for byte in 0..<bytes {
      var packed: UInt8 = 0
      for bit in 0..<min(8, quantity - byte * 8) where data.bit(space, at: address + byte * 8 + bit, moment) {
        packed |= 1 << bit
      }
      pdu[2 + byte] = packed
    }
    size = 2 + bytes
    return 0
  }

  private func readWords(
    _ unit: UInt8, _ space: RegisterSpace, _ address: Int, _ quantity: Int, _ moment: Moment,
    into pdu: UnsafeMutableRawBufferPointer, size: inout Int
  ) -> UInt8 {
    guard (1...125).contains(quantity) else { return Exception.illegalValue }
    guard let data = units[unit], data.contains(address, count: quantity) else {
      return Exception.illegalAddress
    }
    pdu[1] = UInt8(quantity * 2)
    for index in 0..<quantity {
      let word = data.word(space, at: address + index, moment)
      pdu[2 + index * 2] = UInt8(truncatingIfNeeded: word >> 8)
      pdu[3 + index * 2] = UInt8(truncatingIfNeeded: word)
    }
    size = 2 + quantity * 2
    return 0
  }

  private mutating func writeOne(
    _ unit: UInt8, _ request: UnsafeRawBufferPointer, _ address: Int, _ value: Int,
    into pdu: UnsafeMutableRawBufferPointer, size: inout Int
  ) -> UInt8 {
    let isCoil = request[0] == 5
    guard !isCoil || value == 0 || value == 0xff00 else { return Exception.illegalValue }
    guard units[unit]?.contains(address, count: 1) == true else { return Exception.illegalAddress }
    if isCoil {
      units[unit]?.setCoil(value != 0, at: address)
    } else {
      units[unit]?.setHolding(UInt16(value), at: address)
    }
    return confirm(request, into: pdu, size: &size)
  }

  /// (The register and the first mask) or (the second mask and not the first).
  private mutating func writeMask(
    _ unit: UInt8, _ request: UnsafeRawBufferPointer, _ address: Int, _ moment: Moment,
    into pdu: UnsafeMutableRawBufferPointer, size: inout Int
  ) -> UInt8 {
    guard request.count >= 7 else { return Exception.illegalValue }
    guard let data = units[unit], data.contains(address, count: 1) else { return Exception.illegalAddress }
    let keep = UInt16(Self.word(request, 3))
    let set = UInt16(Self.word(request, 5))
    units[unit]?.setHolding(data.word(.holding, at: address, moment) & keep | set & ~keep, at: address)
    pdu.copyMemory(from: UnsafeRawBufferPointer(rebasing: request[0..<7]))
    size = 7
    return 0
  }

  private mutating func writeSeveral(
    _ unit: UInt8, _ request: UnsafeRawBufferPointer, _ address: Int, _ quantity: Int,
    into pdu: UnsafeMutableRawBufferPointer, size: inout Int
  ) -> UInt8 {
    let isCoils = request[0] == 15
    let bytes = isCoils ? (quantity + 7) / 8 : quantity * 2
    let most = isCoils ? 1968 : 123
    guard (1...most).contains(quantity), request.count == 6 + bytes, Int(request[5]) == bytes else {
      return Exception.illegalValue
    }
    guard units[unit]?.contains(address, count: quantity) == true else { return Exception.illegalAddress }
    for index in 0..<quantity {
      if isCoils {
        units[unit]?.setCoil(request[6 + index / 8] >> (index % 8) & 1 == 1, at: address + index)
      } else {
        units[unit]?.setHolding(UInt16(Self.word(request, 6 + index * 2)), at: address + index)
      }
    }
    return confirm(request, into: pdu, size: &size)
  }

  /// A write is answered by its function, address and value or quantity.
  private func confirm(
    _ request: UnsafeRawBufferPointer, into pdu: UnsafeMutableRawBufferPointer, size: inout Int
  ) -> UInt8 {
    pdu.copyMemory(from: UnsafeRawBufferPointer(rebasing: request[0..<5]))
    size = 5
    return 0
  }
}
