// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `modules.twinAPI.tls`: files in PEM; empty: none.
package struct TwinAPITLS: Sendable, Equatable {
  /// The certificate, and behind it those that lead to its authority.
  package var certFile = ""
  package var keyFile = ""
  /// Clients need a certificate of one of these authorities too.
  package var clientCAFile = ""

  package init() {}

  package var isOn: Bool { !certFile.isEmpty && !keyFile.isEmpty }
}

extension TwinAPITLS: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    for (key, path) in [
      ("certFile", \Self.certFile), ("keyFile", \.keyFile), ("clientCAFile", \.clientCAFile),
    ] {
      var text = self[keyPath: path]
      section.read(key, into: &text)
      guard text.isEmpty || text.hasPrefix("/") else {
        section.keys.report(key, value: YAMLNode.shortened(text), expected: "an absolute path")
        continue
      }
      self[keyPath: path] = text
    }
    if certFile.isEmpty != keyFile.isEmpty {
      section.keys.report(
        certFile.isEmpty ? "certFile" : "keyFile", expected: "both certFile and keyFile, or none")
    }
    if certFile.isEmpty, !clientCAFile.isEmpty {
      section.keys.report("clientCAFile", expected: "certFile and keyFile beside it")
    }
  }

  var members: JSON.Members {
    ["certFile": .string(certFile), "keyFile": .string(keyFile), "clientCAFile": .string(clientCAFile)]
  }
}
