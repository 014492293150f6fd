// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing

@testable import Push

/// What goes to InfluxDB and to OTLP, read by a reader of this test's own.
struct EncodingTests {
  private static let time: Int64 = 1_795_000_000_123_456_789

  private static func influx(_ port: Int, field: String = "temp", tags: [String: String] = [:])
    -> PushMethod.InfluxDB2
  {
    PushMethod.InfluxDB2(
      url: ServerURL(host: "127.0.0.1", port: port), organization: "the plant", bucket: "b/1",
      measurement: "m 1", tags: tags, field: field)
  }

  private static func item(_ value: Value, _ method: PushMethod, unit: String? = nil) throws -> PushItem {
    PushItem(
      target: PushTarget(
        device: try makeName("one"), property: PropertyDescription(name: "p", type: .double, unit: unit),
        method: method), value: value, time: time)
  }

  private static func line(_ value: Value, tags: [String: String] = [:], field: String = "temp") throws
    -> String
  {
    let method = influx(1, field: field, tags: tags)
    var bytes: [UInt8] = []
    LineProtocol.append(try item(value, .influxDB2(method)), method, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `writes lines with the types and escapes of the protocol`() throws {
    let end = " 1795000000123456789\n"
    #expect(try Self.line(.double(21.5)) == "m\\ 1 temp=21.5" + end)
    #expect(try Self.line(.int(-5)) == "m\\ 1 temp=-5i" + end)
    #expect(try Self.line(.bool(true)) == "m\\ 1 temp=true" + end)
    #expect(try Self.line(.text("a \"b\" \\c, d")) == "m\\ 1 temp=\"a \\\"b\\\" \\\\c, d\"" + end)
    let tags = ["site": "hall 1,east", "a=b": "c"]
    #expect(try Self.line(.float(0.1), tags: tags) == "m\\ 1,a\\=b=c,site=hall\\ 1\\,east temp=0.1" + end)
    #expect(!LineProtocol.canSay(.double(.infinity)))
    #expect(!LineProtocol.canSay(.float(.nan)))
    #expect(LineProtocol.canSay(.text("NaN")))
  }

  @Test func `writes to InfluxDB in batches, with the token of the file`() async throws {
    let folder = try TemporaryFolder()
    let token = try folder.write("secret-token\n", to: "token")
    let server = try await RecordingServer()
    server.answer { number in .init(status: number == 0 ? 500 : 204) }
    let push = try await Push.started {
      $0.influxTokenFile = token
      // Time for the others to come behind the one that failed, also on a slow machine.
      $0.firstWait = 8_000
    }
    let device = try makeDevice([("p", .int, [.influxDB2(Self.influx(server.port))])])
    let sink = try #require(push.sink(for: device))
    await give(.int(1), at: 1, to: sink, push)
    #expect(await eventually { push.statistics[0].failures == 1 })
    for number in 2..<20 { await give(.int(Int64(number)), at: Int64(number), to: sink, push) }
    #expect(await eventually { push.statistics[0].sent == 19 })
    let taken = server.requests.dropFirst()
    #expect(taken.map(\.text).joined() == (1..<20).map { "m\\ 1 temp=\($0)i \($0)\n" }.joined())
    #expect(taken.count < 19)
    #expect(taken.allSatisfy { $0.path == "/api/v2/write?org=the+plant&bucket=b%2F1&precision=ns" })
    #expect(taken.allSatisfy { $0.headers["authorization"] == ["Token secret-token"] })
    #expect(push.statistics[0].destination == "http://127.0.0.1:\(server.port) the plant/b/1")
    await push.stop()
    await server.close()
  }

  @Test func `sends OTLP gauges as protobuf`() async throws {
    let server = try await RecordingServer()
    let push = try await Push.started()
    let url = ServerURL(host: "127.0.0.1", port: server.port, path: "/v1/metrics")
    let device = try makeDevice([("p", .double, [.otel(.init(url: url))])])
    let sink = try #require(push.sink(for: device))
    await give(.double(21.5), at: Self.time, to: sink, push)
    #expect(await eventually { server.requests.count == 1 })
    let request = server.requests[0]
    #expect(request.path == "/v1/metrics")
    #expect(request.headers["content-type"] == ["application/x-protobuf"])
    let resource = try Message(request.body).message(1)
    let attributes = try resource.message(1).messages(1).map { pair in
      "\(try pair.text(1))=\(try pair.message(2).text(1))"
    }
    #expect(attributes == ["service.name=selvedge", "device.id=default/one", "host.name=edge-1"])
    let scope = try resource.message(2)
    #expect(try scope.message(1).text(1) == "selvedge")
    let metric = try scope.message(2)
    #expect(try metric.text(1) == "p")
    #expect(try metric.text(3) == "C")
    let point = try metric.message(5).message(1)
    #expect(try point.word(3) == UInt64(Self.time))
    #expect(try point.word(4) == (21.5).bitPattern)
    await push.stop()
    await server.close()
  }

  @Test func `gives whole numbers and truth values as integers, a resource to each device`() throws {
    let method = PushMethod.otel(.init(url: ServerURL(host: "h", port: 1)))
    let items = [
      try Self.item(.int(-7), method), try Self.item(.bool(true), method),
      PushItem(
        target: PushTarget(
          device: try makeName("two"), property: PropertyDescription(name: "q", type: .float), method: method),
        value: .float(0.5), time: 3),
    ]
    let request = try Message(OTLPEncoder.encode(items, node: ""))
    let resources = try request.messages(1)
    #expect(resources.count == 2)
    let points = try resources[0].message(2).messages(2).map { try $0.message(5).message(1) }
    #expect(try points.map { Int64(bitPattern: try $0.word(6)) } == [-7, 1])
    let other = try resources[1].message(2).message(2)
    #expect(try other.message(5).message(1).word(4) == (0.5).bitPattern)
  }

  @Test func `checks the certificate of a server, and says what is wrong`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path
    let made = try await offload {
      system(
        """
        cd \(path) && openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \
        -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null
        """)
    }
    #expect(made == 0)
    let chain = try NIOSSLCertificate.fromPEMFile(folder.file("cert.pem"))
    let key = try NIOSSLPrivateKey(file: folder.file("key.pem"), format: .pem)
    let configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    let server = try await RecordingServer(tls: NIOSSLContext(configuration: configuration))
    let url = ServerURL(usesTLS: true, host: "127.0.0.1", port: server.port, path: "/")
    for authorities in [folder.file("cert.pem"), nil] {
      let push = try await Push.started { $0.authorities = authorities }
      let sink = try #require(push.sink(for: makeDevice([("p", .int, [.http(.init(url: url))])])))
      await give(.int(1), at: 1, to: sink, push)
      if authorities != nil {
        #expect(await eventually { push.statistics[0].sent == 1 })
      } else {
        #expect(await eventually { push.statistics[0].problem.contains("CERTIFICATE_VERIFY_FAILED") })
        #expect(push.statistics[0].sent == 0)
      }
      await push.stop()
    }
    #expect(server.requests.count == 1)
    await server.close()
  }

  /// A protobuf message, read by number.
  private struct Message {
    enum Field {
      case word(UInt64)
      case bytes([UInt8])
    }

    struct Broken: Error {}

    private var fields: [(number: Int, field: Field)] = []

    init(_ bytes: [UInt8]) throws {
      var rest = bytes[...]
      while !rest.isEmpty {
        let tag = try Self.varint(&rest)
        switch tag & 7 {
        case 1:
          guard rest.count >= 8 else { throw Broken() }
          let word = rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
          fields.append((Int(tag >> 3), .word(word)))
          rest = rest.dropFirst(8)
        case 2:
          let count = Int(try Self.varint(&rest))
          guard rest.count >= count else { throw Broken() }
          fields.append((Int(tag >> 3), .bytes(Array(rest.prefix(count)))))
          rest = rest.dropFirst(count)
        default: throw Broken()
        }
      }
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: 7) {
        guard let byte = rest.popFirst() else { throw Broken() }
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
      }
      throw Broken()
    }

    func messages(_ number: Int) throws -> [Message] {
      try fields.filter { $0.number == number }.map {
        guard case .bytes(let bytes) = $0.field else { throw Broken() }
        return try Message(bytes)
      }
    }

    func message(_ number: Int) throws -> Message {
      guard let first = try messages(number).first else { throw Broken() }
      return first
    }

    func text(_ number: Int) throws -> String {
      guard case .bytes(let bytes)? = fields.first(where: { $0.number == number })?.field else {
        throw Broken()
      }
      return String(decoding: bytes, as: UTF8.self)
    }

    func word(_ number: Int) throws -> UInt64 {
      guard case .word(let word)? = fields.first(where: { $0.number == number })?.field else {
        throw Broken()
      }
      return word
    }
  }
}
