// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Glibc

@main
enum EntryPoint {
  static func main() async {
    let arguments = join(hoist(Array(CommandLine.arguments.dropFirst())))
    do {
      var command = try await Edgectl.asyncParseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      leave(error)
    }
  }

  /// `edgectl --socket PATH get devices` means `edgectl get devices --socket PATH`: each command has these
  /// options, and the parser wants them behind its name.
  static func hoist(_ arguments: [String]) -> [String] {
    var rest = arguments[...]
    var moved: [String] = []
    while let first = rest.first {
      if ConnectionOptions.names.contains(first), rest.count >= 2 {
        moved += rest.prefix(2)
        rest = rest.dropFirst(2)
      } else if ConnectionOptions.names.contains(where: { first.hasPrefix($0 + "=") }) {
        moved.append(first)
        rest = rest.dropFirst()
      } else {
        break
      }
    }
    guard !rest.isEmpty else { return arguments }
    let end = rest.firstIndex(of: "--") ?? rest.endIndex
    return rest[..<end] + moved + rest[end...]
  }

  /// `--from -1h` means `--from=-1h`: the parser takes what begins with a minus for an option, here even for -h.
  static func join(_ arguments: [String]) -> [String] {
    let names: Set = ["--from", "--to", "--sort"]
    var joined: [String] = []
    var rest = arguments[...]
    while let word = rest.popFirst() {
      if word == "--" { return joined + [word] + rest }
      if names.contains(word), let value = rest.first, value.hasPrefix("-"), !value.hasPrefix("--") {
        joined.append(word + "=" + value)
        rest = rest.dropFirst()
      } else {
        joined.append(word)
      }
    }
    return joined
  }

  private static func leave(_ error: any Error) -> Never {
    if let failure = error as? Failure {
      Terminal.standard.error(failure)
      exit(failure.code.rawValue)
    }
    let text = Edgectl.fullMessage(for: error)
    let code = Edgectl.exitCode(for: error)
    // Help and version come as errors too, for the parser's convenience.
    if code == .success {
      Terminal.standard.out(text + "\n")
      exit(0)
    }
    if !text.isEmpty { Terminal.standard.error(text + "\n") }
    exit(code == .validationFailure ? Outcome.usage.rawValue : code.rawValue)
  }
}
