// SPDX-License-Identifier: Apache-2.0

/// Function 43 with MEI type 14: what the simulator says of itself, for scans and the mapper's methods.
extension Responder {
  /// Objects 0, 1 and 2: vendor, product and revision. They are all that it has.
  private static let objects: [StaticString] = ["Selvedge", "modbus-sim", "1.0"]

  /// The exception, or 0 with the PDU of the answer in `pdu` and its size in `size`.
  static func identify(
    _ request: UnsafeRawBufferPointer, into pdu: UnsafeMutableRawBufferPointer, size: inout Int
  ) -> UInt8 {
    guard request.count >= 4, request[1] == 14 else { return Exception.illegalFunction }
    let kind = request[2]
    let first = Int(request[3])
    guard (1...4).contains(kind) else { return Exception.illegalValue }
    // One object alone has to exist; with the others, what does not exist is where they begin.
    guard kind != 4 || first < objects.count else { return Exception.illegalAddress }
    let chosen = kind == 4 ? first..<(first + 1) : (first < objects.count ? first : 0)..<objects.count
    pdu[0] = request[0]
    pdu[1] = 14
    pdu[2] = kind
    pdu[3] = 0x81  // the basic objects, together or one by one
    pdu[4] = 0  // nothing follows
    pdu[5] = 0
    pdu[6] = UInt8(chosen.count)
    size = 7
    for id in chosen {
      let text = objects[id]
      pdu[size] = UInt8(id)
      pdu[size + 1] = UInt8(text.utf8CodeUnitCount)
      for offset in 0..<text.utf8CodeUnitCount { pdu[size + 2 + offset] = text.utf8Start[offset] }
      size += 2 + text.utf8CodeUnitCount
    }
    return 0
  }
}
