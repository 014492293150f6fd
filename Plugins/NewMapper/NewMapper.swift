// SPDX-License-Identifier: Apache-2.0
import Foundation
import PackagePlugin

/// `swift package --allow-writing-to-package-directory new-mapper NAME`: writes `mappers/NAME`, a driver
/// that builds and works at once.
///
/// The files of `Template` are copied with `@NAME@` replaced; `mapper.c` becomes `NAME.c`. `mapper-check new` does
/// the same without Swift's build tool, and writes repositories of their own, too.
@main
struct NewMapper: CommandPlugin {
  func performCommand(context: PluginContext, arguments: [String]) throws {
    let name = try Self.name(in: arguments)
    let package = context.package.directoryURL
    let template = package.appending(path: "Plugins/NewMapper/Template")
    let folder = package.appending(path: "mappers/\(name)")
    guard !FileManager.default.fileExists(atPath: folder.path) else {
      throw Failure("mappers/\(name) exists already: choose another name, or remove it first")
    }
    let paths = try FileManager.default.subpathsOfDirectory(atPath: template.path).sorted()
    for path in paths {
      let source = template.appending(path: path)
      guard try source.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
      let target = folder.appending(path: path == "mapper.c" ? "\(name).c" : path)
      let text = try String(contentsOf: source, encoding: .utf8).replacing("@NAME@", with: name)
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: target)
    }
    print(
      """
      mappers/\(name): a working driver to start from
        build    make -C mappers/\(name)
        check    make -C mappers/\(name) check, once mapper-check is built (swift build --product mapper-check)
        use      copy .build/mappers/\(name).so into the mappers folder, and
                 mappers/\(name)/cases/first/device.yaml into the manifests folder
        next     mappers/\(name)/\(name).c explains each function; docs/mappers.md the rest
      """)
  }

  /// The one name among the arguments: `NAME` or `--protocol NAME`.
  private static func name(in arguments: [String]) throws -> String {
    var extractor = ArgumentExtractor(arguments)
    let names = extractor.extractOption(named: "protocol") + extractor.remainingArguments
    guard names.count == 1, let name = names.first, !name.hasPrefix("-") else {
      throw Failure("usage: swift package --allow-writing-to-package-directory new-mapper NAME")
    }
    guard name.wholeMatch(of: /[a-z][a-z0-9]*(-[a-z0-9]+)*/) != nil, name.count <= 40 else {
      throw Failure(
        "name '\(name)': expected small letters, digits and single hyphens, a letter first, 40 at most")
    }
    return name
  }

  private struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}
