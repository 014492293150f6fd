// SPDX-License-Identifier: Apache-2.0
import Config
import JSON
import Testing

@Suite struct MapperLimitsConfigurationTests {
  private func read(_ limits: String) throws -> MapperLimitsConfiguration {
    try EdgeCoreConfiguration.read(
      Array("modules: {mapperHost: {limits: \(limits)}}".utf8), file: "e.yaml", places: Places(),
      hostName: "box",
      standalone: false
    ).configuration.mapperHost.limits
  }

  @Test func `has defaults for all, and for exec, whose devices are programs`() throws {
    let limits = try read("{}")
    #expect(limits == MapperLimitsConfiguration())
    #expect(limits.limits(of: "modbus") == MapperLimits())
    #expect(limits.limits(of: "modbus").memoryMB == 256 && limits.limits(of: "modbus").processes == 0)
    #expect(limits.limits(of: "exec").memoryMB == 1024 && limits.limits(of: "exec").processes == 64)
    #expect(limits.limits(of: "exec").openFiles == 1024 && limits.limits(of: "exec").sandbox == .on)
  }

  @Test func `a library's own keys win, the others are those of all`() throws {
    let limits = try read(
      """
      {memoryMB: 64, openFiles: 200, processes: 2, user: drivers, readable: [/srv/a], writable: [/srv/b],
      sandbox: "off", mappers: {modbus: {memoryMB: 32, sandbox: ON, readable: []}, exec: {processes: 5}}}
      """)
    let modbus = limits.limits(of: "modbus")
    #expect(modbus.memoryMB == 32 && modbus.sandbox == .on && modbus.readable.isEmpty)
    #expect(modbus.openFiles == 200 && modbus.processes == 2 && modbus.user == "drivers")
    #expect(modbus.writable == ["/srv/b"])
    let exec = limits.limits(of: "exec")
    // What is shipped for it stays where the file says nothing.
    #expect(exec.processes == 5 && exec.memoryMB == 1024 && exec.sandbox == .off)
  }

  @Test func `every wrong value is named with what was expected`() throws {
    let text = """
      modules:
        mapperHost:
          limits:
            memoryMB: 4
            openFiles: many
            processes: -1
            user: 1000
            readable: [srv]
            writable: /srv
            sandbox: maybe
            mappers:
              modbus: {memoryMB: 9999999}
              exec: 3
      """
    let error = #expect(throws: (any Error).self) {
      try EdgeCoreConfiguration.read(
        Array(text.utf8), file: "e.yaml", places: Places(), hostName: "box", standalone: false)
    }
    let path = "modules.mapperHost.limits"
    let lines = "\(try #require(error))".split(separator: "\n").map(String.init)
    #expect(
      lines == [
        "e.yaml:4: \(path).memoryMB: 4: expected a whole number from 16 to 1048576",
        "e.yaml:5: \(path).openFiles: many: expected a whole number from 32 to 1048576",
        "e.yaml:6: \(path).processes: -1: expected a whole number from 0 to 100000",
        "e.yaml:7: \(path).user: 1000: expected a text (put it in quotes)",
        "e.yaml:8: \(path).readable: srv: expected absolute paths",
        "e.yaml:9: \(path).writable: /srv: expected a list of texts",
        "e.yaml:10: \(path).sandbox: maybe: expected one of on, off",
        "e.yaml:12: \(path).mappers.modbus.memoryMB: 9999999: expected a whole number from 16 to 1048576",
        "e.yaml:13: \(path).mappers.exec: 3: expected a mapping",
      ])
  }

  @Test func `the defaults are written so that they are read as they are`() throws {
    let text = EdgeCoreConfiguration.defaultYAML(places: Places(), hostName: "box")
    #expect(text.contains("memoryMB: 256\n"))
    let read = try EdgeCoreConfiguration.read(
      Array(text.utf8), file: "e.yaml", places: Places(), hostName: "box", standalone: false)
    #expect(read.configuration.mapperHost.limits == MapperLimitsConfiguration())
  }
}
