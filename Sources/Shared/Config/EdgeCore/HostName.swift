// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The name of the machine.
package enum HostName {
  /// In lower case, as node names are; "localhost" when the system has none.
  package static var current: String {
    let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer -> String in
      guard let base = buffer.baseAddress, gethostname(base, buffer.count - 1) == 0 else { return "" }
      base[buffer.count - 1] = 0
      return String(cString: base)
    }
    return name.isEmpty ? "localhost" : name.lowercased()
  }
}
