// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

struct Completion: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the script that lets a shell complete commands, devices and properties.",
    discussion: """
      Packages install these scripts where the shells look for them. Otherwise:

        bash   edgectl completion bash > ~/.local/share/bash-completion/completions/edgectl
        zsh    edgectl completion zsh > a folder of $fpath, as the file _edgectl
        fish   edgectl completion fish > ~/.config/fish/completions/edgectl.fish

      The names of devices, properties and methods come from the agent, if it
      answers at once.
      """)

  enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

  @Argument(help: "bash, zsh or fish.")
  var shell: Shell

  func run() async throws {
    guard let kind = CompletionShell(rawValue: shell.rawValue) else { return }
    Terminal.standard.out(Edgectl.completionScript(for: kind) + "\n")
  }
}
