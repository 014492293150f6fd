// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// The history as JSON: rows without names, since there are many.
extension JSONWriter {
  mutating func history(_ answer: HistoryAnswer, of property: PropertySnapshot, in range: HistoryRange) {
    beginObject()
    name("property")
    string(property.name)
    name("type")
    string(property.type.twinName)
    if let unit = property.unit { text("unit", unit) }
    name("from")
    int(range.from)
    name("to")
    int(range.to)
    switch answer.rows {
    case .samples(let samples):
      columns(["time", "value", "quality"])
      for sample in samples { row(sample) }
    case .steps(let steps):
      name("step")
      int(range.step ?? 0)
      columns(["time", "count", "failed", "min", "max", "avg", "last"])
      for step in steps { row(step) }
    }
    endArray()
    if let next = answer.next {
      name("next")
      int(next)
    }
    endObject()
  }

  /// The names of the columns, and the begin of the rows.
  private mutating func columns(_ names: [String]) {
    name("columns")
    beginArray()
    for name in names { string(name) }
    endArray()
    name("rows")
    beginArray()
  }

  private mutating func row(_ sample: HistorySample) {
    beginArray()
    int(sample.time)
    if let value = sample.value { self.value(value) } else { null() }
    string(sample.quality.class.rawValue)
    endArray()
  }

  private mutating func row(_ step: HistoryStep) {
    beginArray()
    int(step.time)
    int(Int64(step.count))
    int(Int64(step.failed))
    for number in [step.minimum, step.maximum, step.average] {
      if let number { self.number(number) } else { null() }
    }
    if let last = step.last { value(last) } else { null() }
    endArray()
  }

  mutating func extent(_ extent: HistoryExtent) {
    beginObject()
    name("property")
    string(extent.property)
    name("from")
    string(RFC3339.text(nanoseconds(extent.from)))
    name("to")
    string(RFC3339.text(nanoseconds(extent.to)))
    count("samples", extent.samples)
    endObject()
  }
}

/// Of milliseconds; those that nanoseconds do not reach are the farthest that they do.
func nanoseconds(_ milliseconds: Int64) -> Int64 {
  let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
  return overflow ? (milliseconds < 0 ? .min : .max) : product
}
