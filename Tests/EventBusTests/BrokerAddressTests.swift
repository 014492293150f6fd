// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import EventBus

struct BrokerAddressTests {
  @Test(arguments: [
    ("tcp://127.0.0.1:1883", "127.0.0.1", 1883), ("mqtt://broker.site:18", "broker.site", 18),
    ("tcp://broker", "broker", 1883), ("127.0.0.1:1884", "127.0.0.1", 1884), ("TCP://a:1/", "a", 1),
    ("tcp://[fe80::1]:1885", "fe80::1", 1885), ("tcp://[::1]", "::1", 1883),
  ])
  func `reads what KubeEdge users write`(text: String, host: String, port: Int) throws {
    let address = try BrokerAddress(parsing: text)
    #expect(address.host == host)
    #expect(Int(address.port) == port)
    #expect(try BrokerAddress(parsing: address.description) == address)
  }

  @Test(arguments: [
    "", "tcp://", "tcp://:1883", "tcp://a:0", "tcp://a:65536", "tcp://a:x", "tcp://a b:1", "tcp://[::1]x",
  ])
  func `refuses what is no address, and names it`(text: String) {
    #expect { try BrokerAddress(parsing: text) } throws: { "\($0)".contains("\"\(text)\"") }
  }

  @Test func `names a scheme that it does not know`() {
    #expect { try BrokerAddress(parsing: "ws://broker:80") } throws: {
      "\($0)".contains("ws:// is not supported")
    }
  }

  @Test(arguments: [
    ("127.0.0.1", true), ("127.1.2.3", true), ("localhost", true), ("::1", true), ("127.example.com", false),
    ("10.0.0.1", false), ("broker", false),
  ])
  func `knows loopback`(host: String, isLoopback: Bool) {
    #expect(BrokerAddress(host: host, port: 1883).isLoopback == isLoopback)
  }
}
