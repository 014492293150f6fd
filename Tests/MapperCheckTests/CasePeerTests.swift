// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport
import Testing

@testable import MapperCheck

/// The device's end of a wire, with a mapper that is a few lines of this file.
@Suite(.blocking, .timeLimit(.minutes(10))) struct CasePeerTests {
  private func place(_ peer: CasePeer, _ name: String) throws -> String {
    try #require(peer.placeholders.first { $0.0 == name }?.1)
  }

  private func connection(_ peer: CasePeer) throws -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = try #require(UInt16(place(peer, "{port}"))).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let status = withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(status == 0)
    return socket
  }

  private func exchange(_ text: String) throws -> CaseExchange {
    try CaseExchange(text, file: "exchange.txt")
  }

  /// Sends, and hears as many bytes as it should.
  private func say(_ bytes: [UInt8], to descriptor: Int32, hearing count: Int) throws -> [UInt8] {
    try #require(write(descriptor, bytes, bytes.count) == bytes.count)
    var heard: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64)
    while heard.count < count {
      let got = read(descriptor, &buffer, min(buffer.count, count - heard.count))
      try #require(got > 0)
      heard += buffer[..<got]
    }
    return heard
  }

  @Test func `a TCP connection is heard and answered, and may be made again`() throws {
    let peer = try CasePeer(exchange("< 01 ..\n> 02 \"ab\"\nclose\n< 03\n> 04\n"))
    let first = try connection(peer)
    #expect(try say([1, 9], to: first, hearing: 3) == [2, 0x61, 0x62])
    var byte: UInt8 = 0
    #expect(read(first, &byte, 1) == 0)
    close(first)
    let second = try connection(peer)
    #expect(try say([3], to: second, hearing: 1) == [4])
    #expect(peer.finish() == nil)
    close(second)
  }

  @Test func `a serial line carries bytes as they are`() throws {
    let peer = try CasePeer(exchange("serial\n< 0d 0a 03 00\n> 11 13 ff\n"))
    let line = try open(place(peer, "{tty}"), O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(line >= 0)
    #expect(try say([0x0D, 0x0A, 3, 0], to: line, hearing: 3) == [0x11, 0x13, 0xFF])
    #expect(peer.finish() == nil)
    close(line)
  }

  @Test(arguments: [
    ([UInt8](), "exchange.txt:1: the mapper closed the connection after nothing"),
    ([2], "exchange.txt:1: heard 02"),
    ([1, 7, 8], "after the exchange the mapper sent 07 08"),
  ])
  func `what is not in the exchange is told`(_ wrong: ([UInt8], String)) throws {
    let peer = try CasePeer(exchange("< 01\n"))
    let socket = try connection(peer)
    try #require(write(socket, wrong.0, wrong.0.count) == wrong.0.count)
    shutdown(socket, Int32(SHUT_WR))
    #expect(peer.finish() == wrong.1)
    close(socket)
  }
}
