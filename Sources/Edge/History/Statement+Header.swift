// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store

extension Statement {
  /// Nine columns: first, last, kind, count, good, minimum, maximum, sum, final. Nil for what no encoder
  /// writes.
  func header(from column: Int32) -> BlockHeader? {
    let count = int(column + 3)
    guard let kind = BlockKind(rawValue: Int(int(column + 2))), (0...(1 << 24)).contains(count),
      (0...count).contains(int(column + 4)), int(column) <= int(column + 1)
    else { return nil }
    var header = BlockHeader(kind: kind, first: int(column))
    header.last = int(column + 1)
    header.count = Int(int(column + 3))
    header.good = Int(int(column + 4))
    guard kind.isNumeric, header.good > 0 else { return header }
    header.minimum = double(column + 5)
    header.maximum = double(column + 6)
    header.sum = double(column + 7)
    let last = column + 8
    header.final =
      switch kind {
      case .int: .int(int(last))
      case .bool: .bool(int(last) != 0)
      case .float: .float(Float(double(last)))
      default: .double(double(last))
      }
    return header
  }

  /// The same columns as parameters.
  func bind(_ header: BlockHeader, from index: Int32) {
    bind(index, header.first)
    bind(index + 1, header.last)
    bind(index + 2, Int64(header.kind.rawValue))
    bind(index + 3, Int64(header.count))
    bind(index + 4, Int64(header.good))
    guard header.kind.isNumeric, header.good > 0 else {
      for place in 5...8 { bindNull(index + Int32(place)) }
      return
    }
    bind(index + 5, header.minimum)
    bind(index + 6, header.maximum)
    bind(index + 7, header.sum)
    switch header.final {
    case .int(let value)?: bind(index + 8, value)
    case .bool(let value)?: bind(index + 8, value ? 1 : 0 as Int64)
    case .float(let value)?: bind(index + 8, Double(value))
    case .double(let value)?: bind(index + 8, value)
    default: bindNull(index + 8)
    }
  }
}
