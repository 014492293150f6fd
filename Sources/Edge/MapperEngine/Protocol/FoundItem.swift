// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI

/// One thing that a scan or a description found, as the driver says it.
///
/// All texts are valid UTF-8 of a bounded size. That `settings` are JSON objects is for the host to check: an engine
/// has no JSON parser.
package struct FoundItem: Sendable, Equatable {
  package struct Property: Sendable, Equatable {
    package var name: String
    package var summary: String
    /// Nil: the driver does not know.
    package var type: PropertyType?
    package var isWritable: Bool
    package var unit: String
    /// JSON text, as the point schema has it; empty: none.
    package var settings: String

    package init(
      name: String, summary: String = "", type: PropertyType? = nil, isWritable: Bool = false,
      unit: String = "", settings: String = ""
    ) {
      self.name = name
      self.summary = summary
      self.type = type
      self.isWritable = isWritable
      self.unit = unit
      self.settings = settings
    }
  }

  /// 0 to 100.
  package var confidence: UInt32
  /// A proposal, or empty. Not checked to be a name.
  package var name: String
  package var title: String
  /// JSON text, as the device schema has it.
  package var settings: String
  package var properties: [Property]

  package init(
    confidence: UInt32, name: String = "", title: String = "", settings: String, properties: [Property] = []
  ) {
    self.confidence = confidence
    self.name = name
    self.title = title
    self.settings = settings
    self.properties = properties
  }
}

extension FrameWriter {
  mutating func append(_ item: FoundItem) {
    append(item.confidence)
    append(item.name)
    append(item.title)
    append(item.settings)
    append(item.properties) { writer, property in
      writer.append(property.name)
      writer.append(property.summary)
      // One more than the code; 0: not known.
      writer.append(property.type.map { $0.code + 1 } ?? 0)
      writer.append(property.isWritable)
      writer.append(property.unit)
      writer.append(property.settings)
    }
  }
}

extension FrameReader {
  mutating func foundItem() throws(Frame.Malformed) -> FoundItem {
    FoundItem(
      confidence: try integer(), name: try text(), title: try text(), settings: try text(),
      properties: try list(minimum: 18) { (reader) throws(Frame.Malformed) in
        FoundItem.Property(
          name: try reader.text(), summary: try reader.text(), type: try reader.optionalType(),
          isWritable: try reader.bool(), unit: try reader.text(), settings: try reader.text())
      })
  }

  private mutating func optionalType() throws(Frame.Malformed) -> PropertyType? {
    let code: UInt8 = try integer()
    guard code > 0 else { return nil }
    guard let type = PropertyType(code: code - 1) else { throw Frame.Malformed("type \(code)") }
    return type
  }
}
