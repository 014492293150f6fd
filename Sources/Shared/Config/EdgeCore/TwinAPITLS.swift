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
    section.readPath("certFile", into: &certFile, orNone: true)
    section.readPath("keyFile", into: &keyFile, orNone: true)
    section.readPath("clientCAFile", into: &clientCAFile, orNone: true)
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
