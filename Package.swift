// swift-tools-version:6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// One section a layer, from the bottom up; sorted inside a section. Arrows point down only, and Edge modules do not
// import each other (MapperHost alone uses MapperEngine): `.ci/lint/arrows` checks it.

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")

/// A target at its place under Sources.
func target(_ layer: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/\(layer)/\(name)", swiftSettings: settings)
}

func command(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: "Sources/Commands/\(name)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, swiftSettings: settings)
}

let system: [Target] = [
  .systemLibrary(
    name: "CFFI", path: "Sources/System/CFFI", pkgConfig: "libffi", providers: [.apt(["libffi-dev"])]),
  .systemLibrary(
    name: "CModbus", path: "Sources/System/CModbus", pkgConfig: "libmodbus",
    providers: [.apt(["libmodbus-dev"])]),
  .systemLibrary(
    name: "CMosquitto", path: "Sources/System/CMosquitto", pkgConfig: "libmosquitto",
    providers: [.apt(["libmosquitto-dev"])]),
  .systemLibrary(
    name: "CSQLite", path: "Sources/System/CSQLite", pkgConfig: "sqlite3",
    providers: [.apt(["libsqlite3-dev"])]),
  .systemLibrary(
    name: "CYAML", path: "Sources/System/CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
  .target(name: "CCall", dependencies: ["CFFI", "CMapper"], path: "Sources/System/CCall"),
  .target(name: "CConsole", path: "Sources/System/CConsole"),
  .target(name: "CMapper", path: "include", publicHeadersPath: "."),
  .target(name: "CShims", path: "Sources/System/CShims"),
  .target(name: "CSpawn", path: "Sources/System/CSpawn"),
]

let shared: [Target] = [
  target("Shared", "Beehive", [logging]),
  target("Shared", "Config", ["CYAML", "DeviceAPI", "JSON"]),
  target("Shared", "DeviceAPI", ["CShims", "JSON"]),
  target("Shared", "JSON"),
  target("Shared", "KubeAPI", ["Config", "DeviceAPI", "JSON"]),
  target("Shared", "Store", ["CSQLite", "Threads"]),
  target("Shared", "TLS", ["Threads", logging, nioCore, nioSSL]),
  target("Shared", "Threads", ["CShims"]),
]

let edge: [Target] = [
  .target(
    name: "Console", dependencies: ["CConsole", "DeviceAPI"], path: "Sources/Edge/Console", exclude: ["Page"],
    swiftSettings: settings),
  target("Edge", "DeviceTwin", ["Beehive", "DeviceAPI", "JSON", "Store", "Threads", logging]),
  target(
    "Edge", "EdgeCore",
    [
      "Beehive", "CShims", "Config", "Console", "DeviceAPI", "DeviceTwin", "EventBus", "History", "JSON",
      "Journal",
      "MapperHost", "MetaManager", "Push", "Store", "TLS", "Threads", "TwinAPI", logging, nioCore, nioPosix,
    ]),
  target(
    "Edge", "EventBus",
    ["Beehive", "CMosquitto", "CShims", "CSpawn", "DeviceAPI", "JSON", "Threads", logging]),
  target("Edge", "History", ["Beehive", "Config", "DeviceAPI", "Store", "Threads", logging]),
  target("Edge", "Journal", ["Beehive", "DeviceAPI", "JSON", "Threads", logging]),
  target(
    "Edge", "MapperCheck",
    ["CMapper", "CShims", "CSpawn", "Config", "DeviceAPI", "JSON", "KubeAPI", "MapperEngine", "Threads"]),
  target("Edge", "MapperEngine", ["CCall", "CMapper", "CShims", "DeviceAPI", "Threads"]),
  target(
    "Edge", "MapperHost",
    [
      "Beehive", "CMapper", "Config", "CShims", "CSpawn", "DeviceAPI", "JSON", "MapperEngine", "Threads",
      logging,
    ]),
  target("Edge", "MetaManager", ["Beehive", "Config", "DeviceAPI", "JSON", "KubeAPI", "Threads", logging]),
  target(
    "Edge", "Push", ["Beehive", "DeviceAPI", "JSON", "Threads", logging, nioCore, nioHTTP1, nioPosix, nioSSL]),
  target(
    "Edge", "TwinAPI",
    [
      "Beehive", "CShims", "DeviceAPI", "JSON", "TLS", "Threads", httpTypes, hummingbirdCore, logging,
      nioCore,
      nioHTTP1, nioPosix, nioSSL, nioWebSocket,
    ]),
]

let commands: [Target] = [
  command("edgecore", ["Config", "DeviceAPI", "EdgeCore", "JSON", argumentParser, logging]),
  command(
    "edgectl",
    ["Config", "DeviceAPI", "JSON", argumentParser, asyncHTTPClient, nioCore, nioHTTP1, nioPosix, nioSSL]),
  command("mapper-check", ["DeviceAPI", "MapperCheck", argumentParser]),
  command("mapper-runner", ["MapperEngine"]),
  command("history-bench", ["DeviceAPI", "History", logging]),
  command("modbus-sim", ["CModbus", argumentParser]),
]

let plugins: [Target] = [
  .plugin(
    name: "NewMapper",
    capability: .command(
      intent: .custom(verb: "new-mapper", description: "writes a new mapper"),
      permissions: [.writeToPackageDirectory(reason: "writes mappers/NAME")]),
    exclude: ["Standalone", "Template"])
]

let testTargets: [Target] = [
  .target(
    name: "TestSupport", dependencies: ["CMosquitto", "CShims", "CSpawn"], path: "Tests/Support",
    swiftSettings: settings),
  tests(
    "AccessTests",
    [
      "DeviceAPI", "JSON", "Journal", "TLS", "TestSupport", "TwinAPI", logging, nioCore, nioPosix, nioSSL,
    ]),
  tests("ConfigTests", ["Config", "DeviceAPI", "JSON", "TestSupport"]),
  tests("ConsoleTests", ["Console", "DeviceAPI"]),
  tests("CSpawnTests", ["CSpawn", "TestSupport"]),
  tests("DeviceAPITests", ["DeviceAPI"]),
  tests("DeviceTwinTests", ["Beehive", "DeviceAPI", "DeviceTwin", "JSON", "Store", "TestSupport", logging]),
  tests("EdgectlTests", ["Config", "DeviceAPI", "JSON", "TestSupport", "edgectl"]),
  tests("EndToEnd", ["CSpawn", "JSON", "TestSupport", "edgecore", "edgectl", "mapper-runner", "modbus-sim"]),
  tests("EventBusTests", ["Beehive", "CSpawn", "DeviceAPI", "EventBus", "JSON", "TestSupport", logging]),
  tests("HistoryTests", ["CSpawn", "DeviceAPI", "History", "Store", "TestSupport", logging]),
  tests("JournalTests", ["DeviceAPI", "JSON", "Journal", "TestSupport", logging]),
  tests("JSONTests", ["JSON", "TestSupport"]),
  tests("KubeAPITests", ["Config", "DeviceAPI", "JSON", "KubeAPI"]),
  tests("MapperCheckTests", ["MapperCheck", "TestSupport", "mapper-check", "mapper-runner"]),
  tests("MapperEngineTests", ["CMapper", "CShims", "DeviceAPI", "MapperEngine", "TestSupport", "Threads"]),
  tests(
    "MapperHostTests",
    [
      "CShims", "CSpawn", "Config", "DeviceAPI", "JSON", "mapper-runner", "MapperEngine", "MapperHost",
      "TestSupport", logging,
    ],
    exclude: ["FakeRunner"]),
  tests("MetaManagerTests", ["Beehive", "Config", "DeviceAPI", "JSON", "KubeAPI", "MetaManager", logging]),
  tests("ModbusSimTests", ["modbus-sim"]),
  tests(
    "PushTests",
    [
      "DeviceAPI", "EventBus", "JSON", "Push", "TestSupport", logging, nioCore, nioHTTP1, nioPosix, nioSSL,
    ]),
  tests("StoreTests", ["Store", "TestSupport", "Threads"]),
  tests(
    "TwinAPITests",
    [
      "Beehive", "DeviceAPI", "JSON", "KubeAPI", "TestSupport", "TwinAPI", logging, nioCore, nioHTTP1,
      nioPosix,
    ]),
]

let package = Package(
  name: "selvedge",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
    .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
  ],
  targets: system + shared + edge + commands + plugins + testTargets,
  swiftLanguageModes: [.v6]
)
