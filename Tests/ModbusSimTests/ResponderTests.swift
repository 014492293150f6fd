// SPDX-License-Identifier: Apache-2.0
import Testing
@testable import modbus_sim

@Suite struct ResponderTests {
  /// Unit 1 has 16 addresses of each kind: input registers hold their address, holding registers 7, and odd
  /// discrete inputs are on. Unit 2 is like it; unit 3 is dead.
  private static func responder(size: Int = 16) -> Responder {
    let unit = SimulatedUnit(size: size, input: .address, holding: .constant(7), discrete: .toggle)
    return Responder(units: [1: unit, 2: unit, 3: unit], dead: [3])
  }

  /// The PDU of the answer in hexadecimal, after a look at its header; "" for no answer.
  private static func answer(_ responder: inout Responder, _ pdu: String, unit: UInt8 = 1) -> String {
    let frame = Hex.frame(unit: unit, pdu)
    var room = [UInt8](repeating: 0xEE, count: Responder.largestFrame)
    let size = room.withUnsafeMutableBytes { room in
      frame.withUnsafeBytes { responder.respond(to: $0, Moment(tick: 0, clock: 0), into: room) }
    }
    if size == 0 { return "" }
    #expect(Array(room[..<7]) == [0x12, 0x34, 0, 0, 0, UInt8(size - 6), unit])
    #expect(room[size...].allSatisfy { $0 == 0xEE }, "nothing is written behind the answer")
    return Hex.text(room[7..<size])
  }

  @Test(arguments: [
    ("01 0000 000a", "01 02 0000"),  // ten coils, all off
    ("02 0000 000a", "02 02 aa02"),  // ten discrete inputs: bit 0 of the first byte is address 0
    ("02 0001 0001", "02 01 01"),
    ("03 0000 0002", "03 04 0007 0007"),
    ("04 000e 0002", "04 04 000e 000f"),  // up to the last address
    ("04 000f 0001 ff", "04 02 000f"),  // a tail is passed over
  ]) func `reads`(request: String, expected: String) {
    var responder = Self.responder()
    #expect(Self.answer(&responder, request) == Hex.text(Hex.bytes(expected)))
  }

  @Test(arguments: [
    // Function 5: coil 3 on.
    ("05 0003 ff00", "05 0003 ff00", "01 0000 0008", "01 01 08"),
    ("06 000f abcd", "06 000f abcd", "03 000e 0002", "03 04 0007 abcd"),
    // Function 15: coils 2 to 11, from 0x8d 0x03; the spare bits of the last byte do not count.
    ("0f 0002 000a 02 8dff", "0f 0002 000a", "01 0000 0010", "01 02 340e"),
    // Function 22: of 7, the mask leaves 5, and 0x0f of 0x0f0f is set outside of it.
    ("16 0003 000d 0f0f", "16 0003 000d 0f0f", "03 0003 0001", "03 02 0f07"),
    ("10 000e 0002 04 0102 0304", "10 000e 0002", "03 000d 0003", "03 06 0007 0102 0304"),
  ]) func `writes, and shows it from then on`(write: String, echo: String, read: String, expected: String) {
    var responder = Self.responder()
    #expect(Self.answer(&responder, write) == Hex.text(Hex.bytes(echo)))
    #expect(Self.answer(&responder, read) == Hex.text(Hex.bytes(expected)))
  }

  @Test func `a coil goes off again and units have data of their own`() {
    var responder = Self.responder()
    #expect(Self.answer(&responder, "05 0000 ff00") == "050000ff00")
    #expect(Self.answer(&responder, "01 0000 0001", unit: 2) == "010100")
    #expect(Self.answer(&responder, "01 0000 0001") == "010101")
    #expect(Self.answer(&responder, "05 0000 0000") == "0500000000")
    #expect(Self.answer(&responder, "01 0000 0001") == "010100")
  }

  @Test(arguments: ["00", "07", "14 00", "17 0000 0001", "2b 0d0100", "2b 0e01", "7f", "83", "ff"])
  func `exception 1: a function it does not have`(request: String) {
    var responder = Self.responder()
    let function = Hex.bytes(request)[0]
    #expect(Self.answer(&responder, request) == Hex.text([function | 0x80, 1]))
  }

  @Test(arguments: [
    "01 0010 0001", "01 000f 0002", "02 ffff 0001", "03 0010 0001", "03 0000 0011", "04 ffff 007d",
    "05 0010 ff00", "06 ffff 0001", "16 0010 0000 0000", "2b 0e0403",
    "0f 000f 0002 01 03", "10 000f 0002 04 0001 0002",
  ]) func `exception 2: addresses it does not have, and nothing is written`(request: String) {
    var responder = Self.responder()
    let function = Hex.bytes(request)[0]
    #expect(Self.answer(&responder, request) == Hex.text([function | 0x80, 2]))
    #expect(Self.answer(&responder, "01 000f 0001") == "010100")
    #expect(Self.answer(&responder, "03 000f 0001") == "03020007")
  }

  @Test(arguments: [
    "01", "03 0000 00", "06 0000", "10 0000 01", "16 0000 0000 00", "2b 0e0500",  // cut off
    "01 0000 0000", "02 0000 07d1", "03 0000 0000", "04 0000 007e", "03 0000 ffff",  // 0, 2001, 0, 126
    "05 0000 0001", "05 0000 ff01",  // neither on nor off
    "0f 0000 0000 00", "0f 0000 07b1 f7", "0f 0000 0009 01 ff", "0f 0000 0008 01", "0f 0000 0008 01 ffff",
    "10 0000 0000 00", "10 0000 007c f8", "10 0000 0001 01 ff", "10 0000 0001 02 ff", "10 0000 0001 04 0001",
    "10 0000 0002 04 0001",
  ]) func `exception 3: quantities and values that cannot be, before any address`(request: String) {
    var responder = Self.responder()
    let function = Hex.bytes(request)[0]
    #expect(Self.answer(&responder, request) == Hex.text([function | 0x80, 3]))
    #expect(Self.answer(&responder, "03 0000 0001") == "03020007")
  }

  @Test(arguments: ["03 0000 0001", "03 0000 0000", "07"]) func `exception 11: a unit that is not there`(
    request: String
  ) {
    var responder = Self.responder()
    let function = Hex.bytes(request)[0]
    #expect(Self.answer(&responder, request, unit: 4) == Hex.text([function | 0x80, 11]))
    #expect(Self.answer(&responder, request, unit: 255) == Hex.text([function | 0x80, 11]))
  }

  @Test func `says who it is`() {
    var responder = Self.responder()
    // Conformity 0x81, nothing follows, three objects: "Selvedge", "modbus-sim", "1.0".
    let product = "01 0a 6d6f646275732d73696d"
    let all = "2b 0e 01 81 00 00 03 00 08 53656c7665646765 \(product) 02 03 312e30"
    #expect(Self.answer(&responder, "2b 0e0100") == Hex.text(Hex.bytes(all)))
    #expect(Self.answer(&responder, "2b 0e0401") == Hex.text(Hex.bytes("2b 0e 04 81 00 00 01 \(product)")))
  }

  @Test func `a dead unit never answers`() {
    var responder = Self.responder()
    #expect(Self.answer(&responder, "03 0000 0001", unit: 3) == "")
    #expect(Self.answer(&responder, "07", unit: 3) == "")
  }

  @Test func `the largest requests and the last address are served`() {
    var responder = Self.responder(size: 65_536)
    #expect(Self.answer(&responder, "04 ffff 0001") == "0402ffff")
    #expect(Self.answer(&responder, "04 ffff 0002") == "8402")
    #expect(Self.answer(&responder, "03 0000 007d") == "03fa" + String(repeating: "0007", count: 125))
    #expect(Self.answer(&responder, "02 0000 07d0") == "02fa" + String(repeating: "aa", count: 250))
    // 123 registers, 1968 coils.
    let words = String(repeating: "beef", count: 123)
    #expect(Self.answer(&responder, "10 ff00 007b f6" + words) == "10ff00007b")
    #expect(Self.answer(&responder, "03 ff00 007b") == "03f6" + words)
    let coils = String(repeating: "a5", count: 246)
    #expect(Self.answer(&responder, "0f 0000 07b0 f6" + coils) == "0f000007b0")
    #expect(Self.answer(&responder, "01 0000 07b0") == "01f6" + coils)
  }
}
