// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import MapperEngine

/// Why something that a driver found cannot be shown.
struct FoundProblem: Error, CustomStringConvertible {
  let description: String
}

extension FoundDevice {
  /// Reads what a driver said. A property whose settings are wrong is left out, and `leftOut` told why.
  init(_ item: FoundItem, driver: String, leftOut: (String) -> Void) throws(FoundProblem) {
    let settings = try Self.object(item.settings, "its settings")
    var properties: [Property] = []
    for property in item.properties {
      do throws(FoundProblem) {
        let settings =
          property.settings.isEmpty
          ? JSON.Members() : try Self.object(property.settings, "the settings of \(property.name)")
        properties.append(
          Property(
            name: property.name, summary: property.summary, type: property.type,
            isWritable: property.isWritable, unit: property.unit, settings: settings))
      } catch {
        leftOut("a property of a found device was left out: \(error)")
      }
    }
    self.init(
      driver: driver, confidence: Int(min(item.confidence, 100)), name: Self.validName(item.name),
      title: item.title, settings: settings, properties: properties)
  }

  private static func object(_ text: String, _ what: String) throws(FoundProblem) -> JSON.Members {
    let json: JSON
    do throws(JSONError) {
      json = try JSON.parse(text)
    } catch {
      throw FoundProblem(description: "\(what) are no JSON: \(error)")
    }
    guard let members = json.object else { throw FoundProblem(description: "\(what) are no JSON object") }
    return members
  }

  /// The proposal as a name of Kubernetes: lower case, `[a-z0-9-]`, at most 63, with a letter or a digit at both ends;
  /// empty when nothing is left of it.
  static func validName(_ proposal: String) -> String {
    var name: [UInt8] = []
    for byte in proposal.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): name.append(byte)
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): name.append(byte + 32)
      // What stands for something else becomes one hyphen between what is left.
      default: if let last = name.last, last != UInt8(ascii: "-") { name.append(UInt8(ascii: "-")) }
      }
      if name.count == 63 { break }
    }
    while name.last == UInt8(ascii: "-") { name.removeLast() }
    return String(decoding: name, as: UTF8.self)
  }
}
