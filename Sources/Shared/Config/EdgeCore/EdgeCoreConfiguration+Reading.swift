// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

extension EdgeCoreConfiguration {
  /// A configuration, and what its text holds that has no effect: a line each, for the log.
  package struct Loaded: Sendable {
    package var configuration: EdgeCoreConfiguration
    package var warnings: [String]
    /// Nil: the defaults, since there is no file and standalone needs none.
    package var file: String?
  }

  /// Reads the file of `--config`, or else the first of the default ones that is there.
  ///
  /// Blocks on the disk: call it before anything runs.
  /// - Parameter standalone: `--standalone`; then there need not be a file.
  package static func load(
    path: String?, places: Places, hostName: String, standalone: Bool
  ) throws(ConfigurationError) -> Loaded {
    let candidates = path.map { [$0] } ?? [places.configuration, places.kubeEdgeConfiguration]
    for candidate in candidates {
      let bytes: [UInt8]
      do throws(FileError) {
        bytes = try TextFile.read(candidate)
      } catch {
        if path == nil, error.isNotFound { continue }
        throw .unreadable(error)
      }
      return try read(bytes, file: candidate, places: places, hostName: hostName, standalone: standalone)
    }
    guard standalone else { throw .absent(candidates) }
    let problems = ProblemLog(file: "edgecore")
    var configuration = EdgeCoreConfiguration(places: places, hostName: hostName)
    configuration.makeStandalone()
    configuration.checkWhole(problems, MappingPlace.none)
    guard problems.errors.isEmpty else { throw .invalid(problems.errors) }
    return Loaded(configuration: configuration, warnings: [], file: nil)
  }

  /// Reads a text over the defaults. Keys match in any case, as in KubeEdge.
  ///
  /// Wrong values are errors, all at once. Unknown keys, and keys of KubeEdge that we do not serve, are
  /// warnings: a KubeEdge user's file works as it is.
  package static func read(
    _ bytes: [UInt8], file: String, places: Places, hostName: String, standalone: Bool
  ) throws(ConfigurationError) -> Loaded {
    let documents: [YAMLNode]
    do throws(YAMLError) {
      documents = try YAMLNode.parse(bytes, file: file)
    } catch {
      throw .invalid([error.problem])
    }
    let problems = ProblemLog(file: file, unknownKeys: .areWarnings, ignoresCase: true)
    let report = ConfigurationReport(file: file)
    var configuration = EdgeCoreConfiguration(places: places, hostName: hostName)
    // The sections ask what is switched on, so that comes first.
    if standalone { configuration.makeStandalone() }
    var place = MappingPlace.none
    if documents.count > 1 {
      problems.report(line: Int(documents[1].line), path: "", expected: "one document only")
    }
    if let document = documents.first, let keys = MappingReader(document, log: problems) {
      place = configuration.read(SectionReader(keys, report), forceStandalone: standalone)
    }
    configuration.checkWhole(problems, place)
    guard problems.errors.isEmpty else { throw .invalid(problems.errors) }
    let unknown = problems.warnings.map { "\($0.file):\($0.line): \($0.path): no such key, ignored" }
    return Loaded(configuration: configuration, warnings: report.lines + unknown, file: file)
  }

  /// Where the values of checks across sections stand.
  private struct MappingPlace {
    var edged = 0
    var twinAPI = 0
    static let none = MappingPlace()
  }

  private mutating func read(_ top: SectionReader, forceStandalone: Bool) -> MappingPlace {
    readHeader(top)
    top.read("database", into: &database)
    top.read("standalone", into: &standalone)
    if forceStandalone { standalone.enable = true }
    top.skip(["edgecoreVersion"], isOn: false)
    top.skip(["featureGates"])
    var place = MappingPlace(edged: top.keys.line, twinAPI: top.keys.line)
    if let keys = top.keys.mapping("modules") {
      let modules = SectionReader(keys, top.report)
      place.edged = keys.line(of: "edged")
      place.twinAPI = keys.line(of: "twinAPI")
      readModules(modules)
      keys.finish()
    }
    if standalone.enable { makeStandalone() }
    top.keys.finish()
    return place
  }

  private mutating func readModules(_ modules: SectionReader) {
    modules.read("eventBus", into: &eventBus)
    modules.read("metaManager", into: &metaManager)
    modules.read("deviceTwin", into: &deviceTwin)
    modules.read("mapperHost", into: &mapperHost)
    modules.read("twinAPI", into: &twinAPI)
    modules.read("push", into: &push)
    if standalone.enable {
      // Switched off whatever they say; of edged the node's name counts.
      if let keys = modules.keys.mapping("edged") {
        edged.read(SectionReader(keys, ConfigurationReport(file: modules.report.file)))
        keys.finish()
      }
      modules.skip(["edgeHub"], isOn: false)
    } else {
      modules.read("edged", into: &edged)
      modules.read("edgeHub", into: &edgeHub)
    }
    readOthers(modules)
  }

  /// Modules of KubeEdge that we have not got: named only where they are switched on.
  private func readOthers(_ modules: SectionReader) {
    var present: [String] = []
    for name in ["serviceBus", "edgeStream", "taskManager", "dbTest"] {
      guard let node = modules.keys.node(name), case .mapping(let entries) = node.content else { continue }
      let enable = entries.first { $0.key.lowercased() == "enable" }?.value.content
      if case .bool(true)? = enable { present.append(name) }
    }
    guard !present.isEmpty else { return }
    modules.report.notServed(line: modules.keys.line, path: modules.keys.path, keys: present)
  }

  private func readHeader(_ top: SectionReader) {
    if let kind = top.keys.string("kind"), kind.lowercased() != Self.kind.lowercased() {
      top.keys.report("kind", value: YAMLNode.shortened(kind), expected: Self.kind)
    }
    guard let version = top.keys.string("apiVersion"), version != Self.apiVersion else { return }
    guard version.hasPrefix("edgecore.config.kubeedge.io/") else {
      top.keys.report("apiVersion", value: YAMLNode.shortened(version), expected: Self.apiVersion)
      return
    }
    top.report.warn(
      line: top.keys.line(of: "apiVersion"), path: "apiVersion", "\(version) is read as \(Self.apiVersion)")
  }

  /// What defaults and texts make together.
  private func checkWhole(_ problems: ProblemLog, _ place: MappingPlace) {
    if !DeviceName.isSubdomain(nodeName),
      !problems.errors.contains(where: { $0.path.hasSuffix("hostnameOverride") })
    {
      problems.report(
        line: place.edged, path: "modules.edged.hostnameOverride", value: YAMLNode.shortened(nodeName),
        expected: EdgedConfiguration.nameExpected + " (the host name is none)")
    }
    if twinAPI.enable, twinAPI.socket.utf8.count > TwinAPIConfiguration.longestSocket {
      problems.report(
        line: place.twinAPI, path: "modules.twinAPI.socket", value: twinAPI.socket,
        expected: "a path of at most \(TwinAPIConfiguration.longestSocket) bytes")
    }
  }
}
