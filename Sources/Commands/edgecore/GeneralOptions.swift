// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Logging

struct GeneralOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Read this configuration file.", valueName: "file"))
  var config: String?

  @Flag(help: "Run without a cloud: devices come from the manifests folder.")
  var standalone = false

  @Option(help: ArgumentHelp("Put every default path under this folder.", valueName: "dir"))
  var root: String?

  @Option(help: ArgumentHelp("Name of this node (default: the host name).", valueName: "name"))
  var nodeName: String?

  @Option(help: "Lowest level to log.")
  var logLevel = LogLevelArgument.notice

  @Option(help: "Lines of the log as text or as JSON objects.")
  var logFormat = LogFormatArgument.text

  @Flag(help: "Print a configuration with every default and exit.")
  var defaultconfig = false

  @Flag(help: "Print the smallest useful configuration and exit.")
  var minconfig = false
}

/// The levels of the log, as a type of our own: a conformance of somebody else's type would be visible to all.
enum LogLevelArgument: String, ExpressibleByArgument, CaseIterable {
  case trace, debug, info, notice, warning, error, critical

  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .notice }
}

enum LogFormatArgument: String, ExpressibleByArgument, CaseIterable {
  case text, json
}
