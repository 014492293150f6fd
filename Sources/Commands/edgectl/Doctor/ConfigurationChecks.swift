// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import Glibc
internal import NIOSSL

/// Checks of `edgecore.yaml` and of the files that it names. Blocks on the disk.
struct ConfigurationChecks {
  let places: Places
  /// `--config`.
  let path: String?
  /// Unix nanoseconds.
  let now: Int64

  private static let soon: Int64 = 21 * 86400

  /// Nil: it is not usable; the findings say why.
  func load() -> (configuration: EdgeCoreConfiguration?, findings: [Finding]) {
    do throws(ConfigurationError) {
      let loaded = try read()
      var findings: [Finding] = []
      let name = loaded.file ?? "no file, so the defaults"
      if loaded.warnings.isEmpty {
        findings.append(.ok("configuration", name))
      } else {
        findings.append(
          .warning(
            "configuration", loaded.warnings.joined(separator: "\n"),
            remedy: "These keys have no effect: take them out, or mend their spelling."))
      }
      if let file = loaded.file, let finding = secrecy(of: file, loaded.configuration) {
        findings.append(finding)
      }
      return (loaded.configuration, findings + certificates(loaded.configuration))
    } catch {
      let remedy =
        switch error {
        case .unreadable: "Look at the file's permissions, or run this as root."
        default: "Mend the file: edgecore does not start with it."
        }
      return (nil, [.failed("configuration", error.description, remedy: remedy)])
    }
  }

  /// Without a file a standalone agent has the defaults.
  private func read() throws(ConfigurationError) -> EdgeCoreConfiguration.Loaded {
    do throws(ConfigurationError) {
      return try EdgeCoreConfiguration.load(
        path: path, places: places, hostName: HostName.current, standalone: false)
    } catch {
      guard case .absent = error else { throw error }
      return try EdgeCoreConfiguration.load(
        path: path, places: places, hostName: HostName.current, standalone: true)
    }
  }

  private func secrecy(of file: String, _ configuration: EdgeCoreConfiguration) -> Finding? {
    var status = stat()
    guard !configuration.eventBus.mqttPassword.isEmpty, stat(file, &status) == 0,
      status.st_mode & 0o004 != 0
    else { return nil }
    return .warning(
      "secrets", "\(file) holds a password, and everybody of this machine can read it",
      remedy: "chmod 0640 \(file)")
  }

  // MARK: - Certificates

  /// Those that are in use: a path that is a mere default says nothing.
  private func certificates(_ configuration: EdgeCoreConfiguration) -> [Finding] {
    let values = Dictionary(configuration.effective.map { ($0.key, $0.value) }) { first, _ in first
    }
    var findings: [Finding] = []
    for (key, value) in configuration.effective where !value.isEmpty {
      let section = key.split(separator: ".").dropLast().joined(separator: ".")
      guard values[section + ".enable"] != "false", !key.hasPrefix("modules.edgeHub") else {
        continue
      }
      let name = (key.split(separator: ".").last ?? "").lowercased()
      if name.hasSuffix("certfile") || name.hasSuffix("cafile") {
        findings.append(certificate(value, key: key))
      } else if name.hasSuffix("keyfile"), let finding = privateKey(value, key: key) {
        findings.append(finding)
      }
    }
    return findings
  }

  private func certificate(_ path: String, key: String) -> Finding {
    let certificates: [NIOSSLCertificate]
    do {
      _ = try FileText.read(path)
      certificates = try NIOSSLCertificate.fromPEMFile(path)
    } catch {
      let reason = (error as? Failure)?.message ?? "\(path): no certificate as PEM"
      return .failed(
        "certificate", "\(key): \(reason)", remedy: "Put a certificate there, or mend the key.")
    }
    // A chain is as good as its shortest-lived part.
    guard let end = certificates.map({ Int64($0.notValidAfter) }).min() else {
      return .failed(
        "certificate", "\(key): \(path): no certificate as PEM", remedy: "Put a certificate there.")
    }
    let rest = end - now / 1_000_000_000
    let day = LocalTime(end * 1000).date
    if rest < 0 {
      return .failed(
        "certificate", "\(path) expired on \(day)", remedy: "Renew it, and restart the agent.")
    }
    if rest < Self.soon {
      return .warning("certificate", "\(path) expires on \(day)", remedy: "Renew it before.")
    }
    return .ok("certificate", "\(path) is valid until \(day)")
  }

  private func privateKey(_ path: String, key: String) -> Finding? {
    var status = stat()
    guard stat(path, &status) == 0 else {
      // Others than the agent's user may not even see it.
      return errno == EACCES
        ? nil
        : .failed(
          "private key", "\(key): \(path): \(Errno.text())",
          remedy: "Put the key there, or mend the configuration.")
    }
    guard status.st_mode & 0o004 != 0 else { return nil }
    return .warning(
      "private key", "everybody of this machine can read \(path)", remedy: "chmod 0600 \(path)")
  }
}
