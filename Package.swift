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

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

/// A target at its place under Sources.
func target(_ layer: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/\(layer)/\(name)", swiftSettings: settings)
}

func command(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: "Sources/Commands/\(name)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

let system: [Target] = [
  .target(name: "CMapper", path: "include", publicHeadersPath: "."),
  .target(name: "CShims", path: "Sources/System/CShims"),
]

let shared: [Target] = [
  target("Shared", "Beehive", [logging]),
  target("Shared", "DeviceAPI", ["JSON"]),
  target("Shared", "JSON"),
]

let edge: [Target] = [
  target("Edge", "MapperEngine", ["CMapper", "CShims", "DeviceAPI"]),
]

let commands: [Target] = [
  command("mapper-runner", ["MapperEngine"]),
]

let testTargets: [Target] = [
  tests("DeviceAPITests", ["DeviceAPI"]),
  tests("JSONTests", ["JSON"]),
  tests("MapperEngineTests", ["CMapper", "CShims", "DeviceAPI", "MapperEngine"]),
]

let package = Package(
  name: "selvedge",
  dependencies: [
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
  ],
  targets: system + shared + edge + commands + testTargets,
  swiftLanguageModes: [.v6]
)
