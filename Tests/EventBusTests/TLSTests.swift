// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import EventBus
import Glibc
import TestSupport
import Testing

/// Certificates and passwords, against a real broker.
struct TLSTests {
  /// Certificates made for one test: an authority, and what it has signed.
  struct Certificates {
    let folder: TemporaryFolder

    init() async throws {
      let folder = try TemporaryFolder()
      self.folder = folder
      try await run(
        """
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=ca \
        -keyout ca.key -out ca.crt
        """)
    }

    func run(_ command: String) async throws {
      let path = folder.path
      let status = try await offload { system("cd \(path) && (\(command)) >>openssl.log 2>&1") }
      #expect(status == 0, "\(command)")
    }

    /// `name`.crt and `name`.key.
    func sign(_ name: String, subject: String = "DNS:localhost,IP:127.0.0.1", days: Int = 30) async throws {
      try folder.write("subjectAltName=\(subject)\n", to: name + ".ext")
      try await run(
        """
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=\(name) \
        -keyout \(name).key -out \(name).csr && \
        openssl x509 -req -in \(name).csr -CA ca.crt -CAkey ca.key -CAcreateserial -days \(days) \
        -extfile \(name).ext -out \(name).crt
        """)
    }

    /// Lines for a broker that listens with TLS too.
    func listener(_ port: UInt16, _ name: String, _ more: [String] = []) -> [String] {
      [
        "listener \(port) 127.0.0.1", "cafile \(folder.file("ca.crt"))",
        "certfile \(folder.file(name + ".crt"))",
        "keyfile \(folder.file(name + ".key"))",
      ] + more
    }
  }

  private static func problem(of bus: EventBus) async -> String {
    _ = await eventually { !bus.statistics[0].problem.isEmpty }
    return bus.statistics[0].problem
  }

  @Test func `works through TLS, with a client certificate, and a password from a file`() async throws {
    let certificates = try await Certificates()
    try await certificates.sign("server")
    try await certificates.sign("client")
    let folder = certificates.folder
    try folder.write("", to: "users")
    try await certificates.run("mosquitto_passwd -b users edge secret")
    let port = FreePort.find()
    let server = try MosquittoServer(
      certificates.listener(port, "server", ["require_certificate true"])
        + ["allow_anonymous false", "password_file \(folder.file("users"))"])
    // The plain listener asks for a password too, so no plain client is used here.
    try await server.start()
    try folder.write("secret\n", to: "password")
    let receiver = RecordingReceiver()
    let bus = try await EventBus.started(on: port, receiver: receiver) { options in
      options.external = BrokerAddress(host: "localhost", port: port, usesTLS: true)
      options.tls = BrokerTLS(
        authorities: folder.file("ca.crt"), certificate: folder.file("client.crt"),
        key: folder.file("client.key"))
      options.credentials = BrokerCredentials(username: "edge", passwordFile: folder.file("password"))
    }
    #expect(await bus.isConnected())
    // Its own subscription brings back what it publishes there.
    let long = String(repeating: "x", count: 300_000)
    #expect(bus.publish("{}", to: MessageTopic(requestTopic)))
    #expect(bus.publish(long, to: MessageTopic(requestTopic)))
    #expect(await eventually { receiver.texts == ["{}", long] })
    await bus.stop()

    // Without the certificate the broker takes nobody.
    let stranger = try await EventBus.started(on: port) { options in
      options.external = BrokerAddress(host: "localhost", port: port, usesTLS: true)
      options.tls = BrokerTLS(authorities: folder.file("ca.crt"))
    }
    // A broker may cut the connection before its reason is read; then the next attempt shows it.
    #expect(await eventually { stranger.statistics[0].problem.hasPrefix("TLS: ") })
    await stranger.stop()
  }

  @Test func `says why a broker is not trusted`() async throws {
    let certificates = try await Certificates()
    let folder = certificates.folder
    try await certificates.sign("other", subject: "DNS:elsewhere.example")
    // As openssl counts days, this one ended yesterday.
    try await certificates.sign("old", days: -1)
    try await certificates.run(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x -keyout x.key -out x.crt"
    )
    let cases: [(server: String, authorities: String, reason: String)] = [
      (
        "other", "x.crt",
        "TLS: the broker's certificate is refused: self-signed certificate in certificate chain"
      ),
      ("old", "ca.crt", "TLS: the broker's certificate is refused: certificate has expired"),
      ("other", "ca.crt", "TLS: the broker's certificate is not for the host 127.0.0.1"),
      ("other", "absent.crt", "TLS: \(folder.file("absent.crt")): No such file or directory"),
    ]
    for (name, authorities, reason) in cases {
      let port = FreePort.find()
      let server = try MosquittoServer(certificates.listener(port, name))
      try await server.start()
      let (log, lines) = RecordingLog.make()
      let bus = try await EventBus.started(on: port, log: log) { options in
        options.external = BrokerAddress(host: "127.0.0.1", port: port, usesTLS: true)
        options.tls = BrokerTLS(authorities: folder.file(authorities))
      }
      let problem = await Self.problem(of: bus)
      #expect(problem == reason)
      // The report comes first.
      #expect(await eventually { lines.all.contains { $0.hasPrefix("warning") && $0.contains(reason) } })
      await bus.stop()
    }
  }

  @Test func `takes a new password, and new certificates, at the next connect`() async throws {
    let certificates = try await Certificates()
    let folder = certificates.folder
    try await certificates.sign("server")
    try folder.write("", to: "users")
    try await certificates.run("mosquitto_passwd -b users edge secret")
    try await certificates.run(
      "cp ca.crt trusted.crt && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=y -keyout y.key -out y.crt && cp y.crt trusted.crt"
    )
    try folder.write("wrong\n", to: "password")
    let port = FreePort.find()
    let server = try MosquittoServer(
      certificates.listener(port, "server") + [
        "allow_anonymous false", "password_file \(folder.file("users"))",
      ])
    try await server.start()
    let bus = try await EventBus.started(on: port) { options in
      options.external = BrokerAddress(host: "localhost", port: port, usesTLS: true)
      options.tls = BrokerTLS(authorities: folder.file("trusted.crt"))
      options.credentials = BrokerCredentials(username: "edge", passwordFile: folder.file("password"))
    }
    #expect(await Self.problem(of: bus).contains("certificate is refused"))
    try await certificates.run("cp ca.crt trusted.crt")
    #expect(await eventually { bus.statistics[0].problem.contains("not authorised") })
    try folder.write("secret\n", to: "password")
    #expect(await bus.isConnected(within: .seconds(60)))
    await bus.stop()
  }

  @Test func `reads addresses with TLS`() throws {
    let address = try BrokerAddress(parsing: "ssl://broker.example")
    #expect(address == BrokerAddress(host: "broker.example", port: 8883, usesTLS: true))
    #expect(address.description == "ssl://broker.example:8883")
    #expect(try BrokerAddress(parsing: "mqtts://[::1]:9").description == "ssl://[::1]:9")
  }

  @Test func `keeps the state of a device at the broker until it is taken back`() async throws {
    let server = try MosquittoServer()
    try await server.start()
    let bus = try await EventBus.started(on: server.port)
    #expect(await bus.isConnected())
    let topic = MessageTopic("selvedge/edge/default/one/twin")
    #expect(bus.publish("{\"a\":1}", to: topic, as: .state))
    #expect(await eventually { bus.statistics[0].messagesUnderWay == 0 })
    let late = try await MQTTTestClient(port: server.port)
    try await late.subscribe("selvedge/#", qos: 2)
    let kept = await late.messages(count: 1)
    #expect(kept.map(\.text) == ["{\"a\":1}"])
    #expect(kept.allSatisfy { $0.isRetained && $0.qos == 1 })
    #expect(bus.publish("", to: topic, as: .state))
    #expect(await eventually { bus.statistics[0].messagesUnderWay == 0 })
    let later = try await MQTTTestClient(port: server.port)
    try await later.subscribe("selvedge/#")
    try await later.publish("end", to: "selvedge/end")
    #expect(await later.messages(count: 1).map(\.text) == ["end"])
    await bus.stop()
  }
}
