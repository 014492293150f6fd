// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI

enum DeviceArgument {
  static let defaultNamespace = "default"

  /// `plant/pump-1`, or `pump-1` in a namespace.
  static func parse(_ text: String, namespace: String?) throws -> DeviceName {
    let name =
      text.contains("/")
      ? DeviceName(parsing: text) : DeviceName(namespace: namespace ?? defaultNamespace, name: text)
    guard let name else {
      throw ValidationError(
        "'\(text)' is not the name of a device: expected NAME or NAMESPACE/NAME in lower-case letters, "
          + "digits, '-' and '.'."
      )
    }
    if let namespace, name.namespace != namespace {
      throw ValidationError("'\(text)' is not in the namespace '\(namespace)' of --namespace.")
    }
    return name
  }
}

/// `-n`, for commands that take one device.
struct NamespaceOption: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: "The namespace of a device that is named without one (default: default).")
  var namespace: String?
}
