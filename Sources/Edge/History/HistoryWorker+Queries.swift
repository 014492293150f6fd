// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store

extension HistoryWorker {
  func find(_ query: HistoryQuery) -> Result<HistoryAnswer, HistoryError> {
    let memory = core.known(query.device)?.blocks(of: query.property) ?? []
    let id = file?.id(of: query.property, device: query.device)
    guard id != nil || !memory.isEmpty else {
      return .failure(.propertyNotFound(device: query.device, property: query.property))
    }
    do throws(SQLiteError) {
      if let step = query.step {
        return .success(try read(query, id, memory, into: StepCollector(query, step: step)))
      }
      return .success(try read(query, id, memory, into: SampleCollector(query)))
    } catch {
      failed(error, doing: "reading")
      return .failure(.storage("\(error)"))
    }
  }

  /// The blocks of the file and those in memory, together in the order of their first samples.
  private func read(
    _ query: HistoryQuery, _ id: Int64?, _ memory: [Block], into collector: some BlockConsumer
  ) throws(SQLiteError) -> HistoryAnswer {
    var collector = collector
    let near = memory.filter { $0.header.last >= query.from && $0.header.first < query.to }
    // Stable: those of one time stay in the order in which they came.
    let order = near.indices.sorted {
      near[$0].header.first == near[$1].header.first
        ? $0 < $1 : near[$0].header.first < near[$1].header.first
    }
    var waiting = order.map { near[$0] }[...]
    if let id, let file {
      try file.forEachBlock(of: id, from: query.from, to: query.to) { header, data throws(SQLiteError) in
        while let block = waiting.first, block.header.first < header.first {
          waiting.removeFirst()
          try collector.take(block.header) { block.bytes }
        }
        guard header.first < collector.end else { return false }
        try collector.take(header) { () throws(SQLiteError) in try file.bytes(of: data) }
        return true
      }
    }
    for block in waiting {
      guard block.header.first < collector.end else { break }
      try collector.take(block.header) { block.bytes }
    }
    if collector.damaged > 0 {
      counts.damagedBlocks += collector.damaged
      publish()
    }
    return collector.answer
  }

  func extent(of device: DeviceName) -> Result<[HistoryExtent], HistoryError> {
    let stored = file?.properties(of: device) ?? [:]
    var extents: [String: HistoryExtent] = [:]
    for (name, property) in stored where property.blocks > 0 {
      extents[name] = HistoryExtent(
        property: name, from: property.oldest, to: property.newest, samples: Int(property.samples))
    }
    let memory = core.known(device)
    for (name, headers) in memory?.headers() ?? [] {
      for header in headers {
        var extent =
          extents[name]
          ?? HistoryExtent(property: name, from: header.first, to: header.last, samples: 0)
        extent.from = min(extent.from, header.first)
        extent.to = max(extent.to, header.last)
        extent.samples += header.count
        extents[name] = extent
      }
    }
    guard !extents.isEmpty || memory != nil || !stored.isEmpty else {
      return .failure(.deviceNotFound(device))
    }
    return .success(extents.values.sorted { $0.property < $1.property })
  }
}
