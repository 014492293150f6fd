// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import TestSupport
import Testing

@testable import edgectl

@Suite struct CompletionTests {
  static func agent() throws -> FakeAgent {
    try FakeAgent { request in
      switch request.line {
      case "GET /v1/devices":
        .json([
          "items": [
            ["namespace": "default", "name": "pump-1"], ["namespace": "plant", "name": "pump-2"],
          ]
        ])
      case "GET /v1/devices/plant/pump-2":
        .json([
          "properties": ["setpoint": ["access": "readWrite"], "level": ["access": "readOnly"]]
        ])
      default: nil
      }
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `prints the script of a shell`(shell: String) async throws {
    let result = try await Tool.edgectl(["completion", shell])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("support-bundle") && result.output.contains("---completion"))
    let folder = try TemporaryFolder()
    try folder.write(result.output, to: "script")
    guard system("command -v \(shell) >/dev/null") == 0 else { return }
    #expect(system("\(shell) -n \(Tool.quoted(folder.file("script")))") == 0)
  }

  /// As a person does it: bash itself is asked what it would propose.
  @Test(arguments: [
    (["twin", "get", ""], ["pump-1", "plant/pump-2"]),
    (["twin", "get", "plant/pump-2", ""], ["level", "setpoint"]),
    (["twin", "set", "plant/pump-2", "s"], ["setpoint="]),
    (["token", "create", "x", "--scope", ""], ["admin", "read", "write"]),
  ])
  func `proposes what the agent knows`(words: [String], expected: [String]) async throws {
    let agent = try Self.agent()
    let folder = try TemporaryFolder()
    let script = try await Tool.edgectl(["completion", "bash"]).output
    try folder.write(script, to: "script")
    let function = try #require(
      script.split(separator: "\n").last { $0.hasPrefix("complete ") }?.split(separator: " ").first {
        $0.hasPrefix("_edgectl")
      })
    let line = (["edgectl"] + words).map(Tool.quoted).joined(separator: " ")
    try folder.write(
      """
      export PATH=\(try Tool.folder):$PATH SELVEDGE_SOCKET=\(agent.socketPath)
      source \(folder.file("script"))
      COMP_WORDS=(\(line)) COMP_CWORD=\(words.count) COMP_LINE=\(Tool.quoted("edgectl " + words.joined(separator: " ")))
      COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMP_KEY=9
      \(function) edgectl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
      printf '%s\\n' "${COMPREPLY[@]}"
      """, to: "ask")
    let output = folder.file("output")
    let command = "timeout 120 bash \(folder.file("ask")) >\(output) 2>&1"
    _ = try await offload { system(command) }
    let proposed = Set(Tool.text(output).split(separator: "\n").map { $0.filter { $0 != " " } })
    #expect(proposed.isSuperset(of: expected), "\(Tool.text(output))")
  }

  @Test func `proposes nothing, and says nothing, without an agent`() async throws {
    let result = try await Tool.edgectl([
      "---completion", "twin", "get", "--", "positional@0", "2", "0", "edgectl", "twin", "get", "",
    ])
    #expect(
      result.errors.isEmpty && result.output.allSatisfy(\.isWhitespace),
      "\(result.output)\(result.errors)")
  }

  @Test(
    arguments: [
      (["edgectl", "twin", "get", "plant/a", ""], 4, "plant/a"),
      (["edgectl", "history", "a", ""], 3, "default/a"),
      (["edgectl", "call", "-n", "plant", "a", ""], 5, "plant/a"),
      (["edgectl", "--socket", "/s", "twin", "get", "a", ""], 6, "default/a"),
      (["edgectl", "twin", "get", ""], 3, nil),
    ] as [([String], Int, String?)])
  func `finds the device in a line`(words: [String], index: Int, name: String?) {
    #expect(Completions.device(in: words, before: index)?.description == name)
  }
}
