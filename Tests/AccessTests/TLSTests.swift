// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Logging
import NIOCore
import NIOSSL
import TestSupport
import TLS
import Testing

@testable import TwinAPI

@Suite(.blocking) struct TLSTests {
  /// An authority, and certificates of it for `a` and `b`, made by openssl.
  private static func makeCertificates(in folder: String) throws {
    let script = """
      cd '\(folder)' && \
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority \
        -keyout ca.key -out ca.pem 2>/dev/null && \
      for name in a b; do \
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$name -keyout $name.key 2>/dev/null \
          | openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -CAserial /dev/null -set_serial $$ -days 2 \
            -out $name.pem 2>/dev/null || exit 1; \
      done
      """
    try #require(system(script) == 0)
  }

  private static func security(_ files: CertificateFiles) -> PortSecurity {
    var log = Logger(label: "test")
    log.logLevel = .critical
    let certificates = ServerCertificates(files, log: log)
    return PortSecurity(
      load: { try await certificates.load() }, refresh: { await certificates.refresh() },
      handler: { try certificates.handler() })
  }

  /// A client that trusts the authority and, with `name`, shows a certificate of its own.
  private static func client(_ folder: String, showing name: String? = nil) -> GuardedAPI.Way {
    .secure {
      var settings = TLSConfiguration.makeClientConfiguration()
      settings.trustRoots = .file(folder + "/ca.pem")
      // The certificates name no host.
      settings.certificateVerification = .noHostnameVerification
      if let name {
        settings.certificateChain = try NIOSSLCertificate.fromPEMFile(folder + "/\(name).pem")
          .map { .certificate($0) }
        settings.privateKey = .privateKey(
          try NIOSSLPrivateKey(file: folder + "/\(name).key", format: .pem))
      }
      return try NIOSSLClientHandler(
        context: NIOSSLContext(configuration: settings), serverHostname: nil)
    }
  }

  private func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = try GuardedAPI.makeFolder()
    defer { GuardedAPI.removeFolder(folder) }
    try Self.makeCertificates(in: folder)
    try await body(folder)
  }

  @Test func `an address that others reach needs a certificate, and every request a token`() async throws {
    await #expect {
      try await GuardedAPI.running({ $0.address = "0.0.0.0" }, { _ in })
    } throws: { error in
      (error as? StartError)?.key == "modules.twinAPI.address"
    }
    try await withFolder { folder in
      let files = CertificateFiles(certificate: folder + "/a.pem", key: folder + "/a.key")
      try await GuardedAPI.running(
        in: folder,
        {
          $0.address = "0.0.0.0"
          $0.tls = Self.security(files)
        },
        { api in
          let way = Self.client(folder)
          // No token is there yet, and nothing is open all the same; any name leads here.
          let refused = try await api.ask("GET", "/v1/devices", headers: ["Host: edge.example"], by: way)
          #expect(refused.status == 401 && refused.problem == "token-required")
          let token = try await api.token("far", "write")
          let answer = try await api.ask("GET", "/v1/devices", headers: .bearer(token.secret), by: way)
          #expect(answer.status == 200)
          let login = try await api.ask("POST", "/v1/session", #"{"token":"\#(token.secret)"}"#, by: way)
          #expect(login.headers["set-cookie"]?.hasSuffix("; Secure") == true)
          let origin = try await api.ask(
            "GET", "/v1/devices", headers: .bearer(token.secret) + ["Origin: https://localhost"], by: way)
          #expect(origin.status == 200)
          // What is no TLS ends without an answer.
          await #expect(throws: (any Error).self) { try await api.ask("GET", "/healthz") }
        })
    }
  }

  @Test func `clients need a certificate where an authority for them is named`() async throws {
    try await withFolder { folder in
      let files = CertificateFiles(
        certificate: folder + "/a.pem", key: folder + "/a.key", clientAuthorities: folder + "/ca.pem")
      try await GuardedAPI.running(
        in: folder, { $0.tls = Self.security(files) },
        { api in
          let answer = try await api.ask("GET", "/healthz", by: Self.client(folder, showing: "b"))
          #expect(answer.status == 200)
          await #expect(throws: (any Error).self) {
            try await api.ask("GET", "/healthz", by: Self.client(folder))
          }
        })
    }
  }

  @Test func `a renewed certificate is taken without a restart, and a broken one is not`() async throws {
    try await withFolder { folder in
      var log = Logger(label: "test")
      log.logLevel = .critical
      let certificates = ServerCertificates(
        CertificateFiles(certificate: folder + "/a.pem", key: folder + "/a.key"), log: log)
      #expect(throws: (any Error).self) { try certificates.handler() }
      try await certificates.load()
      func subject() async throws -> String {
        let security = PortSecurity(
          load: {}, refresh: { await certificates.refresh() }, handler: { try certificates.handler() })
        var line = ""
        try await GuardedAPI.running({ $0.tls = security }) { api in
          let port = try #require(api.server.port)
          let pipe = try #require(
            popen(
              "timeout 60 openssl s_client -connect 127.0.0.1:\(port) </dev/null 2>/dev/null"
                + " | openssl x509 -noout -subject", "r"))
          defer { pclose(pipe) }
          var buffer = [UInt8](repeating: 0, count: 1024)
          let count = fread(&buffer, 1, buffer.count, pipe)
          line = String(decoding: buffer.prefix(count), as: UTF8.self)
        }
        return line
      }
      let first = try await subject()
      #expect(first.contains("CN = a") || first.contains("CN=a"))
      // A key that is not the certificate's.
      #expect(rename(folder + "/b.pem", folder + "/a.pem") == 0)
      await certificates.refresh()
      #expect(try await subject() == first)
      #expect(rename(folder + "/b.key", folder + "/a.key") == 0)
      await certificates.refresh()
      let renewed = try await subject()
      #expect(renewed.contains("CN = b") || renewed.contains("CN=b"))
    }
  }

  @Test(arguments: ["certFile", "keyFile", "clientCAFile"])
  func `names the key of a file that cannot be used`(key: String) async throws {
    try await withFolder { folder in
      var files = CertificateFiles(
        certificate: folder + "/a.pem", key: folder + "/a.key", clientAuthorities: folder + "/ca.pem")
      switch key {
      case "certFile": files.certificate = folder + "/none.pem"
      case "keyFile": files.key = folder + "/ca.pem"
      default: files.clientAuthorities = folder + "/a.key"
      }
      let problem = await #expect(throws: CertificateProblem.self) {
        try await ServerCertificates(files, log: Logger(label: "test")).load()
      }
      #expect(problem?.key == key)
    }
  }
}
