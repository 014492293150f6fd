// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import Logging
package import NIOCore
internal import NIOSSL
internal import Synchronization
internal import Threads

/// Where a server's certificate is: files in PEM.
package struct CertificateFiles: Sendable, Equatable {
  /// The certificate, and behind it those that lead to the authority.
  package var certificate: String
  package var key: String
  /// Clients need a certificate of one of these authorities. Nil: they need none.
  package var clientAuthorities: String?

  package init(certificate: String, key: String, clientAuthorities: String? = nil) {
    self.certificate = certificate
    self.key = key
    self.clientAuthorities = clientAuthorities
  }
}

/// What is wrong with one of the files.
package struct CertificateProblem: Error, CustomStringConvertible, Equatable {
  /// `certFile`, `keyFile` or `clientCAFile`.
  package let key: String
  package let value: String
  package let expected: String

  package var description: String { "\(key): \(value): expected \(expected)" }
}

/// The certificate that new connections of a server get, read again when its files change: who renews it restarts nothing.
package final class ServerCertificates: Sendable {
  private struct State {
    var context: NIOSSLContext?
    var stamps: [Stamp?] = []
  }

  private struct Stamp: Equatable {
    var inode: ino_t
    var size: off_t
    var seconds: Int
    var nanoseconds: Int
  }

  private struct NotLoaded: Error {}

  private let files: CertificateFiles
  private let log: Logger
  private let state = Mutex(State())

  package init(_ files: CertificateFiles, log: Logger) {
    self.files = files
    self.log = log
  }

  /// Reads the files. Until then there is no handler.
  package func load() async throws(CertificateProblem) {
    let result = await Self.offPool { [self] in read() }
    switch result {
    case .success(let (context, stamps)): state.withLock { $0 = State(context: context, stamps: stamps) }
    case .failure(let problem): throw problem
    }
  }

  /// Reads the files again if they have changed. New ones that cannot be used change nothing but the log.
  package func refresh() async {
    await Self.offPool { [self] in
      let known = state.withLock { $0.stamps }
      let now = Self.stamps(of: files)
      guard now != known else { return }
      switch read() {
      case .success(let (context, stamps)):
        state.withLock { $0 = State(context: context, stamps: stamps) }
        log.notice("the certificate was read again", metadata: ["file": "\(files.certificate)"])
      case .failure(let problem):
        state.withLock { $0.stamps = now }
        log.error("the certificate of before stays in use: \(problem)")
      }
    }
  }

  /// For the front of a new connection's pipeline.
  package func handler() throws -> any ChannelHandler {
    guard let context = state.withLock({ $0.context }) else { throw NotLoaded() }
    return NIOSSLServerHandler(context: context)
  }

  /// The stamps are from before the reading: a change meanwhile is seen the next time.
  private func read() -> Result<(NIOSSLContext, [Stamp?]), CertificateProblem> {
    let stamps = Self.stamps(of: files)
    do throws(CertificateProblem) {
      return .success((try Self.context(files), stamps))
    } catch {
      return .failure(error)
    }
  }

  /// Files are read on a thread of their own: it happens seldom, and the disk may be slow.
  private static func offPool<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      let thread = try? WorkerThread("certificates") { continuation.resume(returning: body()) }
      // No thread is left: better late here than not at all.
      if thread == nil { continuation.resume(returning: body()) }
    }
  }

  private static func stamps(of files: CertificateFiles) -> [Stamp?] {
    [files.certificate, files.key, files.clientAuthorities ?? files.certificate].map { path in
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      return Stamp(
        inode: status.st_ino, size: status.st_size, seconds: status.st_mtim.tv_sec,
        nanoseconds: status.st_mtim.tv_nsec)
    }
  }

  private static func context(_ files: CertificateFiles) throws(CertificateProblem) -> NIOSSLContext {
    let chain = try read(files.certificate, key: "certFile", expected: "certificates in PEM") {
      try NIOSSLCertificate.fromPEMFile(files.certificate)
    }
    guard !chain.isEmpty else {
      throw CertificateProblem(
        key: "certFile", value: files.certificate, expected: "certificates in PEM")
    }
    let key = try read(files.key, key: "keyFile", expected: "a private key in PEM, without a password") {
      try NIOSSLPrivateKey(file: files.key, format: .pem)
    }
    var settings = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    settings.minimumTLSVersion = .tlsv12
    settings.applicationProtocols = ["http/1.1"]
    if let path = files.clientAuthorities {
      let authorities = try read(path, key: "clientCAFile", expected: "certificates in PEM") {
        try NIOSSLCertificate.fromPEMFile(path)
      }
      settings.trustRoots = .certificates(authorities)
      settings.certificateVerification = .noHostnameVerification
    }
    return try read(files.key, key: "keyFile", expected: "the key of the certificate") {
      try NIOSSLContext(configuration: settings)
    }
  }

  private static func read<Value>(
    _ path: String, key: String, expected: String, _ body: () throws -> Value
  ) throws(CertificateProblem) -> Value {
    do {
      return try body()
    } catch {
      throw CertificateProblem(key: key, value: path, expected: "\(expected) (\(error))")
    }
  }
}
