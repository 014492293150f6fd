// SPDX-License-Identifier: Apache-2.0
import Config
import JSON
import Testing

@Suite struct JSONSchemaTests {
  private static let modbus = """
    {"$schema": "x", "title": "Modbus TCP", "type": "object", "additionalProperties": false, "required": ["ip"],
     "properties": {
       "ip": {"type": "string", "description": "host name or address"},
       "port": {"type": "integer", "minimum": 1, "maximum": 65535, "default": "502"},
       "slaveID": {"type": ["integer", "string"], "minimum": 0},
       "order": {"enum": ["big", "little", 1]},
       "scale": {"type": "number", "default": 1},
       "swap": {"type": "boolean"},
       "password": {"type": "string", "x-secret": true},
       "pin": {"type": "integer", "maximum": 10, "x-secret": true},
       "options": {"type": "object", "required": ["a"], "additionalProperties": {"type": "integer"},
                   "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "default": 7}}},
       "list": {"type": "array"},
       "maybe": {"type": ["null", "number"]}}}
    """

  private func check(_ settings: String) throws -> (String, [String]) {
    let schema = try JSONSchema(parsing: Self.modbus)
    let members = try #require(try JSON.parse(settings).object)
    let (filled, problems) = schema.check(members, path: "spec.protocol.configData")
    return (JSON.object(filled).text, problems.map { "\($0.path): \($0.value): \($0.expected)" })
  }

  @Test func `fills in defaults after what is given, and checks default values`() throws {
    let (filled, problems) = try check("{\"slaveID\":3,\"ip\":\"10.0.0.1\",\"options\":{\"a\":1}}")
    #expect(problems.isEmpty)
    #expect(
      filled == "{\"slaveID\":3,\"ip\":\"10.0.0.1\",\"options\":{\"a\":1,\"b\":7},\"port\":502,\"scale\":1}")
  }

  @Test func `takes numbers and booleans that are written as texts`() throws {
    let (filled, problems) = try check(
      "{\"ip\":\"h\",\"port\":\"1502\",\"scale\":\"0.1\",\"swap\":\"true\",\"slaveID\":\"7\",\"options\":{\"a\":\"2\",\"c\":3.0}}"
    )
    #expect(problems.isEmpty)
    #expect(
      filled
        == "{\"ip\":\"h\",\"port\":1502,\"scale\":0.1,\"swap\":true,\"slaveID\":\"7\",\"options\":{\"a\":2,\"c\":3,\"b\":7}}"
    )
  }

  @Test func `takes null for absent, where null is no type`() throws {
    let (filled, problems) = try check("{\"ip\":null,\"port\":null,\"maybe\":null}")
    #expect(filled == "{\"maybe\":null,\"port\":502,\"scale\":1}")
    #expect(problems == ["spec.protocol.configData.ip: : a text: it is required"])
  }

  @Test func `names path, value and expectation of everything that is wrong`() throws {
    let (_, problems) = try check(
      """
      {"ip":5,"port":70000,"slaveID":-1,"order":"middle","scale":"fast","swap":"yes","password":["hunter2"],
       "pin":4711,"options":{"a":1.5,"x":"secret?"},"list":{},"pasword":"hunter2"}
      """)
    let at = "spec.protocol.configData."
    #expect(
      problems == [
        at + "ip: 5: a text",
        at + "port: 70000: a whole number from 1 to 65535",
        at + "slaveID: -1: a whole number or a text from 0",
        at + "order: \"middle\": one of big, little, 1",
        at + "scale: \"fast\": a number",
        at + "swap: \"yes\": true or false",
        at + "password: (secret): a text",
        at + "pin: (secret): a whole number up to 10",
        at + "options.a: 1.5: a whole number",
        at + "options.x: \"secret?\": a whole number",
        at + "list: an object: a list",
        at + "pasword: : one of ip, port, slaveID, order, scale, swap, password, pin, options, list, maybe",
      ])
  }

  @Test(arguments: ["\"0x10\"", "\"\"", "\" 1\"", "\"1 \"", "\"+1\"", "\"1.5\"", "\"NaN\"", "true", "1.5"])
  func `takes no other text for a whole number`(value: String) throws {
    let (_, problems) = try check("{\"ip\":\"h\",\"port\":\(value)}")
    #expect(problems.count == 1)
  }

  @Test func `compares numbers of an enum by value`() throws {
    #expect(try check("{\"ip\":\"h\",\"order\":1.0}").1.isEmpty)
    #expect(try check("{\"ip\":\"h\",\"order\":2}").1.count == 1)
  }

  @Test(arguments: [
    ("[1", "not JSON: unexpected end at byte 2"),
    ("3", "a schema is an object, not a number"),
    ("{}", "type: must be \"object\" for a set of settings"),
    (
      "{\"type\":\"integr\"}",
      "type: \"integr\" is no type; types are null, boolean, integer, number, string, array, object"
    ),
    ("{\"type\":[]}", "type: must be a type or a list of types"),
    ("{\"type\":\"object\",\"type\":\"object\"}", "type: is there twice"),
    (
      "{\"type\":\"object\",\"properties\":{\"a\":{\"pattern\":\"x\"}}}",
      "properties.a.pattern: this keyword is not supported; supported are type, enum, required, properties, "
        + "additionalProperties, minimum, maximum, default, description, x-secret"
    ),
    ("{\"type\":\"object\",\"properties\":{\"a\":3}}", "properties.a: a schema is an object, not a number"),
    ("{\"type\":\"object\",\"properties\":{\"a\":{},\"a\":{}}}", "properties.a: is there twice"),
    ("{\"type\":\"object\",\"required\":\"a\"}", "required: must be a list of texts"),
    (
      "{\"type\":\"object\",\"required\":[\"a\"],\"additionalProperties\":false}",
      "required: a is required, but it is not in properties and others are refused"
    ),
    (
      "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":5,\"maximum\":1}}}",
      "properties.a.minimum: is larger than maximum"
    ),
    (
      "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"maximum\":1}}}",
      "properties.a.maximum: needs the type integer or number"
    ),
    (
      "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"default\":\"x\"}}}",
      "properties.a.default: does not fit the schema: expected a whole number"
    ),
    (
      "{\"type\":\"object\",\"properties\":{\"a\":{\"enum\":[]}}}",
      "properties.a.enum: must be a list of values"
    ),
    (
      "{\"type\":\"object\",\"properties\":{\"a\":{\"x-secret\":1}}}",
      "properties.a.x-secret: must be true or false"
    ),
    (
      "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"properties\":{\"b\":{}}}}}",
      "properties.a: properties, required and additionalProperties need the type object"
    ),
  ])
  func `says what is wrong with a schema`(text: String, message: String) {
    #expect {
      try JSONSchema(parsing: text)
    } throws: { error in
      "\(error)" == message
    }
  }

  @Test func `tells about its members`() throws {
    let schema = try JSONSchema(parsing: Self.modbus)
    #expect(schema.propertyNames.prefix(2) == ["ip", "port"])
    #expect(schema[property: "ip"]?.summary == "host name or address")
    #expect(schema[property: "port"]?.defaultValue == 502)
    #expect(schema[property: "password"]?.isSecret == true)
  }
}
