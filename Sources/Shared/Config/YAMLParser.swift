// SPDX-License-Identifier: Apache-2.0
internal import CYAML

extension YAMLNode {
  /// Reads every document of a YAML text. JSON texts are read too, with all of JSON's escapes.
  ///
  /// Empty documents are left out. Duplicate keys, unknown tags, nesting beyond `maximumDepth` and more
  /// than `maximumAliasedNodes` out of aliases are errors.
  /// - Parameter file: what messages call the text.
  package static func parse(_ text: String, file: String) throws(YAMLError) -> [YAMLNode] {
    try parse(Array(text.utf8), file: file)
  }

  package static func parse(_ bytes: [UInt8], file: String) throws(YAMLError) -> [YAMLNode] {
    let bytes = JSONText.joiningSurrogates(bytes)
    let result = bytes.withUnsafeBufferPointer { whole -> Result<[YAMLNode], YAMLError> in
      // libyaml would count a byte order mark as a column, and take what follows for indented.
      let hasMark = whole.starts(with: [0xEF, 0xBB, 0xBF])
      let input = hasMark ? UnsafeBufferPointer(rebasing: whole[3...]) : whole
      guard var parser = YAMLParser(input, file: file) else {
        return .failure(YAMLError(file: file, line: 1, column: 1, reason: "out of memory"))
      }
      defer { parser.close() }
      do throws(YAMLError) {
        return .success(try parser.documents())
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}

/// Builds trees out of libyaml's events.
///
/// It owns a `yaml_parser_t` on the heap, since libyaml keeps its address, and one event. `close` frees both.
private struct YAMLParser {
  private struct Anchor {
    var node: YAMLNode
    /// Nodes in it, itself included.
    var size: Int
    /// Levels below it.
    var depth: Int
  }

  private let file: String
  private let input: UnsafeBufferPointer<UInt8>
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let event: UnsafeMutablePointer<yaml_event_t>
  private var anchors: [String: Anchor] = [:]
  /// Counts nodes, so that a subtree's size is a difference.
  private var made = 0
  private var aliased = 0
  /// The deepest level since somebody set it back: how an anchor learns its depth.
  private var deepest = 0

  /// - Parameter input: outlives the parser.
  init?(_ input: UnsafeBufferPointer<UInt8>, file: String) {
    self.file = file
    self.input = input
    parser = .allocate(capacity: 1)
    event = .allocate(capacity: 1)
    event.initialize(to: yaml_event_t())
    parser.initialize(to: yaml_parser_t())
    guard yaml_parser_initialize(parser) == 1 else {
      event.deallocate()
      parser.deallocate()
      return nil
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, input.baseAddress, input.count)
  }

  func close() {
    yaml_event_delete(event)
    yaml_parser_delete(parser)
    event.deallocate()
    parser.deallocate()
  }

  mutating func documents() throws(YAMLError) -> [YAMLNode] {
    var documents: [YAMLNode] = []
    while true {
      try advance()
      switch event.pointee.type {
      case YAML_DOCUMENT_START_EVENT:
        anchors.removeAll()
        try advance()
        let root = try node(depth: 0)
        try advance()  // the end of the document
        if !root.isNull { documents.append(root) }
      case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return documents
      default: break
      }
    }
  }

  private func advance() throws(YAMLError) {
    yaml_event_delete(event)
    guard yaml_parser_parse(parser, event) == 1 else { throw failure() }
  }

  /// The node that begins with the event at hand; leaves the event that ends it.
  private mutating func node(depth: Int) throws(YAMLError) -> YAMLNode {
    let line = Int32(clamping: event.pointee.start_mark.line + 1)
    let column = Int32(clamping: event.pointee.start_mark.column + 1)
    guard depth < YAMLNode.maximumDepth else { throw error("nested too deeply") }
    deepest = max(deepest, depth)
    let before = made
    let outer = deepest
    deepest = depth
    defer { deepest = max(deepest, outer) }

    let content: YAMLNode.Content
    var anchor: String?
    switch event.pointee.type {
    case YAML_ALIAS_EVENT:
      return try alias(depth: depth)
    case YAML_SCALAR_EVENT:
      anchor = name(event.pointee.data.scalar.anchor)
      content = try scalar()
    case YAML_SEQUENCE_START_EVENT:
      anchor = name(event.pointee.data.sequence_start.anchor)
      try check(name(event.pointee.data.sequence_start.tag), is: "seq")
      content = .sequence(try sequence(depth: depth))
    case YAML_MAPPING_START_EVENT:
      anchor = name(event.pointee.data.mapping_start.anchor)
      try check(name(event.pointee.data.mapping_start.tag), is: "map")
      content = .mapping(try mapping(depth: depth))
    default:
      throw error("unexpected end of the document")
    }
    made += 1
    let node = YAMLNode(content: content, line: line, column: column)
    if let anchor { anchors[anchor] = Anchor(node: node, size: made - before, depth: deepest - depth) }
    return node
  }

  private mutating func alias(depth: Int) throws(YAMLError) -> YAMLNode {
    let name = name(event.pointee.data.alias.anchor) ?? ""
    // An anchor is known once its node is whole: a node that holds itself is an unknown anchor.
    guard let anchor = anchors[name] else { throw error("unknown anchor \"\(name)\"") }
    aliased += anchor.size
    made += anchor.size
    deepest = depth + anchor.depth
    guard aliased <= YAMLNode.maximumAliasedNodes else { throw error("aliases make the text too large") }
    guard deepest < YAMLNode.maximumDepth else { throw error("nested too deeply") }
    return anchor.node
  }

  private mutating func sequence(depth: Int) throws(YAMLError) -> [YAMLNode] {
    var nodes: [YAMLNode] = []
    while true {
      try advance()
      if event.pointee.type == YAML_SEQUENCE_END_EVENT { return nodes }
      nodes.append(try node(depth: depth + 1))
    }
  }

  private mutating func mapping(depth: Int) throws(YAMLError) -> [YAMLNode.Entry] {
    var entries: [YAMLNode.Entry] = []
    var merged: [YAMLNode] = []
    var names: Set<String> = []
    while true {
      try advance()
      if event.pointee.type == YAML_MAPPING_END_EVENT { break }
      let line = event.pointee.start_mark.line + 1
      let column = event.pointee.start_mark.column + 1
      let (key, isPlain) = try key()
      if isPlain, key == "<<" {
        try advance()
        merged.append(contentsOf: try mergeSources(depth: depth + 1))
        continue
      }
      // Few keys are compared one by one; the set is for mappings so large that this would be slow.
      if entries.count == 16 { names = Set(entries.map(\.key)) }
      let isDuplicate = entries.count < 16 ? entries.contains { $0.key == key } : !names.insert(key).inserted
      if isDuplicate {
        let first = entries.first { $0.key == key }?.line ?? 0
        throw error("duplicate key \"\(YAMLNode.shortened(key))\", first in line \(first)")
      }
      try advance()
      let value = try node(depth: depth + 1)
      entries.append(
        .init(key: key, line: Int32(clamping: line), column: Int32(clamping: column), value: value))
    }
    for source in merged {
      guard case .mapping(let more) = source.content else { continue }
      for entry in more where !entries.contains(where: { $0.key == entry.key }) { entries.append(entry) }
    }
    return entries
  }

  /// The value of `<<`: a mapping or a list of mappings, whose keys count where the mapping has none.
  private mutating func mergeSources(depth: Int) throws(YAMLError) -> [YAMLNode] {
    let source = try node(depth: depth)
    let sources: [YAMLNode]
    if case .sequence(let nodes) = source.content { sources = nodes } else { sources = [source] }
    for source in sources {
      guard case .mapping = source.content else { throw error("\"<<\" merges mappings only") }
    }
    return sources
  }

  private func key() throws(YAMLError) -> (String, isPlain: Bool) {
    if event.pointee.type == YAML_ALIAS_EVENT {
      guard let name = name(event.pointee.data.alias.anchor), let anchor = anchors[name],
        case .string(let key) = anchor.node.content
      else { throw error("a key must be a text") }
      return (key, false)
    }
    guard event.pointee.type == YAML_SCALAR_EVENT else { throw error("a key must be a text") }
    let scalar = event.pointee.data.scalar
    let key = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
    return (key, scalar.style == YAML_PLAIN_SCALAR_STYLE)
  }

  private func scalar() throws(YAMLError) -> YAMLNode.Content {
    let scalar = event.pointee.data.scalar
    let bytes = UnsafeBufferPointer(start: scalar.value.map { UnsafePointer($0) }, count: scalar.length)
    if scalar.tag == nil, scalar.style == YAML_PLAIN_SCALAR_STYLE {
      guard let content = YAMLScalar.resolve(bytes) else {
        throw error(
          "\(String(decoding: bytes, as: UTF8.self)) is no number that JSON has; quote it if it is a text")
      }
      return content
    }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let tag = name(scalar.tag), tag != "!" else { return .string(text) }
    // A tag says what the scalar is, quoted or not.
    let resolved = YAMLScalar.resolve(bytes)
    switch (tag, resolved) {
    case ("tag:yaml.org,2002:str", _): return .string(text)
    case ("tag:yaml.org,2002:null", .null): return .null
    case ("tag:yaml.org,2002:bool", .bool(let value)): return .bool(value)
    case ("tag:yaml.org,2002:int", .int(let value)): return .int(value)
    case ("tag:yaml.org,2002:float", .int(let value)): return .number(Double(value))
    case ("tag:yaml.org,2002:float", .number(let value)): return .number(value)
    default: throw error("\"\(YAMLNode.shortened(text))\" cannot have the tag \(YAMLNode.shortened(tag))")
    }
  }

  private func check(_ tag: String?, is kind: String) throws(YAMLError) {
    guard let tag, tag != "!", tag != "tag:yaml.org,2002:" + kind else { return }
    throw error("the tag \(YAMLNode.shortened(tag)) is not supported")
  }

  private func name(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    text.map { String(decodingCString: $0, as: UTF8.self) }
  }

  /// An error of ours, at the event at hand.
  private func error(_ reason: String) -> YAMLError {
    YAMLError(
      file: file, line: Int(event.pointee.start_mark.line) + 1,
      column: Int(event.pointee.start_mark.column) + 1,
      reason: reason)
  }

  /// libyaml's own error.
  private func failure() -> YAMLError {
    var reason = parser.pointee.problem.map { String(cString: $0) } ?? "out of memory"
    if parser.pointee.error == YAML_READER_ERROR {
      let (line, column) = place(of: parser.pointee.problem_offset)
      return YAMLError(file: file, line: line, column: column, reason: reason)
    }
    if let context = parser.pointee.context { reason += " " + String(cString: context) }
    return YAMLError(
      file: file, line: Int(parser.pointee.problem_mark.line) + 1,
      column: Int(parser.pointee.problem_mark.column) + 1, reason: reason)
  }

  /// The reader knows the offset of a bad byte only.
  private func place(of offset: Int) -> (line: Int, column: Int) {
    var line = 1
    var column = 1
    for byte in input.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return (line, column)
  }
}
