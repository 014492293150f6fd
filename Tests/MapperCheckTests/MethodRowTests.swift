// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MapperCheck

/// Rows of a table of methods: what the compilers take and what they refuse.
@Suite(.serialized, .timeLimit(.minutes(10))) struct MethodRowTests {
  private func compile(_ compiler: String, _ standard: String, _ source: String, named name: String)
    async throws
    -> (status: Int32, output: String)
  {
    let folder = try TemporaryFolder()
    let file = try folder.write(source, to: name)
    return try await Fixtures.tool(
      compiler,
      [standard, "-Wall", "-Wextra", "-I" + Fixtures.repository + "/include", "-fsyntax-only", file])
  }

  private func c(_ argument: String, result: String = "double", function: String = "int64_t") -> String {
    """
    #include <mapper/mapper.h>
    #include <mapper/ext/methods.h>
    mapper_status scale(mapper_device *device, const mapper_call *call, double *out, \(function) by);
    mapper_status scale(mapper_device *device, const mapper_call *call, double *out, \(function) by) {
      (void)device, (void)call, (void)by;
      *out = 1;
      return MAPPER_OK;
    }
    const mapper_method rows[] = {
        MAPPER_METHOD_1("scale", scale, NULL, MAPPER_METHOD_IDEMPOTENT, \(result), \(argument), "by")};
    """
  }

  @Test(arguments: ["gcc", "clang"]) func `a row of C has the types of its function`(_ compiler: String)
    async throws
  {
    let right = try await compile(compiler, "-std=c11", c("int64_t"), named: "right.c")
    #expect(right.status == 0, "\(right.output)")
    for wrong in [
      c("double"), c("int64_t", result: "bool"), c("int", function: "int"), c("const char *"),
    ] {
      let made = try await compile(compiler, "-std=c11", wrong, named: "wrong.c")
      #expect(made.status != 0, "\(wrong)")
      #expect(made.output.contains("_Generic"), "\(made.output)")
    }
  }

  private func cpp(_ argument: String, names: String) -> String {
    """
    #include <mapper/mapper.hpp>
    struct Pump {
      double scale(mapper::Call &, \(argument)) { return 1; }
    };
    const mapper_method row = mapper::method<&Pump::scale>("scale", "scales", 0\(names));
    """
  }

  @Test(arguments: ["g++", "clang++"]) func `a row of C++ takes the ABI's types, each with a name`(
    _ compiler: String
  ) async throws {
    let right = try await compile(
      compiler, "-std=c++17", cpp("int64_t", names: #", "by""#), named: "right.cpp")
    #expect(right.status == 0, "\(right.output)")
    let type = try await compile(compiler, "-std=c++17", cpp("float", names: #", "by""#), named: "type.cpp")
    #expect(type.status != 0)
    #expect(type.output.contains("an argument of a method is bool, int64_t"), "\(type.output)")
    let nameless = try await compile(compiler, "-std=c++17", cpp("int64_t", names: ""), named: "nameless.cpp")
    #expect(nameless.status != 0)
    #expect(nameless.output.contains("each argument of the method needs a name"), "\(nameless.output)")
  }

  @Test func `two rows of one function of C++ name its arguments differently`() async throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      """
      #include <mapper/mapper.hpp>
      #include <cstring>
      struct Pump {
        int64_t add(mapper::Call &, int64_t amount) { return amount; }
        void stop(mapper::Call &) {}
      };
      int main() {
        static const mapper_method rows[] = {
            mapper::method<&Pump::add>("fill", "adds litres", 0, "litres"),
            mapper::method<&Pump::add>("warm", "adds degrees", 0, "degrees"),
            mapper::method<&Pump::stop>("stop", "stops", 0)};
        if (std::strcmp(rows[0].names[0], "litres") != 0) return 1;
        if (std::strcmp(rows[1].names[0], "degrees") != 0) return 2;
        return rows[2].names == nullptr ? 0 : 3;
      }
      """, to: "rows.cpp")
    let made = try await Fixtures.tool(
      "g++", ["-std=c++17", "-I" + Fixtures.repository + "/include", "-o", folder.file("rows"), file])
    #expect(made.status == 0, "\(made.output)")
    #expect(try await Fixtures.tool(folder.file("rows"), []).status == 0)
  }
}
