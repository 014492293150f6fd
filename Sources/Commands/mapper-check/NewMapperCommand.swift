// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Glibc
internal import MapperCheck

struct NewMapperCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Writes a new mapper that builds and works at once.",
    discussion: """
      Writes mappers/PROTOCOL of the repository that mapper-check was built in, from
      whatever folder it is run. With --standalone it writes a repository of its
      own, with the headers, into DIR/PROTOCOL.
      """)

  @Option(help: "The protocolName of its devices: small letters, digits and single hyphens.")
  var `protocol`: String
  @Option(help: ArgumentHelp("Write a repository of its own into this folder.", valueName: "dir"))
  var standalone: String?
  @Option(
    help: ArgumentHelp(
      "Where the template lies; by default what was installed with mapper-check, or the repository's.",
      valueName: "dir"))
  var template: String?

  func run() throws {
    do throws(MapperTemplate.Failure) {
      let found = try MapperTemplate.find(template, program: Terminal.absolute("/proc/self/exe") ?? "")
      let folder = try found.write(name: `protocol`, standalone: standalone)
      print(MapperTemplate.words(folder, name: `protocol`, isStandalone: standalone != nil))
    } catch {
      try Terminal.refuse(error.description)
    }
  }
}
