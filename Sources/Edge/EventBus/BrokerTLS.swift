// SPDX-License-Identifier: Apache-2.0
internal import CMosquitto
internal import Glibc
internal import Threads

/// Certificates for a broker, read at each connect, so that renewed ones need no restart.
package struct BrokerTLS: Sendable, Equatable {
  /// Who may sign the broker's certificate, PEM; nil: whom the system trusts.
  package var authorities: String?
  /// Our own certificate and its key, PEM; both or neither.
  package var certificate: String?
  package var key: String?

  package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
    self.authorities = authorities
    self.certificate = certificate
    self.key = key
  }

  /// Nil when all is well, else what is wrong, for people.
  func apply(to client: OpaquePointer) -> String? {
    for file in [authorities, certificate, key] {
      if let file, access(file, R_OK) != 0 { return "TLS: \(file): \(SystemError.text(errno))" }
    }
    var status = success
    if authorities == nil { status = mosquitto_int_option(client, MOSQ_OPT_TLS_USE_OS_CERTS, 1) }
    if status == success, authorities != nil || certificate != nil {
      status = mosquitto_tls_set(
        // The library takes no certificate without authorities; these are the system's.
        client, authorities, authorities == nil ? "/etc/ssl/certs" : nil, certificate, key, refusePassphrase)
    }
    if status == success { status = mosquitto_tls_opts_set(client, 1, nil, nil) }
    guard status != success else { return nil }
    return "TLS: \(libraryError(status))"
  }

  /// What a failed handshake was about. Called by the library's log, while the handshake is not forgotten yet.
  ///
  /// The library itself says no more than that verifying failed; the reason is known to OpenSSL, which it has loaded.
  static func reason(of line: String, _ client: OpaquePointer, host: String) -> String? {
    if line.contains("host name verification failed") {
      return "TLS: the broker's certificate is not for the host \(host)"
    }
    guard line.contains("OpenSSL Error") || line.contains("Unable to") || line.contains("Error:") else {
      return nil
    }
    if line.contains("verify failed"), let ssl = mosquitto_ssl_get(client), let text = verifyText(ssl) {
      return "TLS: the broker's certificate is refused: \(text)"
    }
    let text = line.split(separator: ":").last.map { $0.drop { $0 == " " } } ?? line[...]
    return "TLS: \(text)"
  }

  private static func verifyText(_ ssl: UnsafeMutableRawPointer) -> String? {
    typealias Result = @convention(c) (UnsafeMutableRawPointer) -> Int
    typealias Text = @convention(c) (Int) -> UnsafePointer<CChar>?
    guard let result = dlsym(nil, "SSL_get_verify_result"),
      let text = dlsym(nil, "X509_verify_cert_error_string")
    else { return nil }
    let code = unsafeBitCast(result, to: Result.self)(ssl)
    guard code != 0 else { return nil }
    return unsafeBitCast(text, to: Text.self)(code).map { String(cString: $0) }
  }
}

/// A key with a passphrase would have OpenSSL ask for it at a terminal that is not there.
private func refusePassphrase(
  _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int32, _ isForWriting: Int32,
  _ context: UnsafeMutableRawPointer?
) -> Int32 { 0 }
