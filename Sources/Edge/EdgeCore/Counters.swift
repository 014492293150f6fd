// SPDX-License-Identifier: Apache-2.0
internal import DeviceTwin
internal import EventBus
internal import History
internal import JSON
internal import Journal
internal import Push
internal import Store

// What the modules count, as the node's report shows it.

extension TwinStatistics {
  var members: JSON.Members {
    [
      "devices": .int(Int64(devices)), "requests": count(requests), "refused": count(refused),
      "ignored": count(ignored), "samples": count(samples), "strayedSamples": count(strayedSamples),
      "reports": count(reports), "reportedProperties": count(reportedProperties),
      "postponedReports": count(postponedReports), "telemetryBatches": count(telemetryBatches),
      "droppedTelemetry": count(droppedTelemetry), "droppedMessages": count(droppedMessages),
      "desiredAccepted": count(desiredAccepted), "writesStarted": count(writesStarted),
      "writesApplied": count(writesApplied), "writesFailed": count(writesFailed),
      "writesRetried": count(writesRetried), "watchers": .int(Int64(watchers)),
      "store": [
        "operations": count(writer.operations), "commits": count(writer.commits),
        "failures": count(writer.failures), "dropped": count(writer.dropped),
        "largestGroup": .int(Int64(writer.largestGroup)), "queueDepth": .int(Int64(writer.queueDepth)),
        "checkpoints": count(writer.checkpoints), "rebuilt": count(writer.rebuilt),
        "problem": .string(writer.problem),
      ],
    ]
  }
}

extension BrokerStatistics {
  var members: JSON.Members {
    var members: JSON.Members = [
      "address": .string("\(address)"), "connected": .bool(isConnected), "problem": .string(problem),
      "reconnects": count(reconnects), "received": count(received), "ignored": count(ignored),
      "publishedTwin": count(publishedTwin), "publishedTelemetry": count(publishedTelemetry),
      "droppedTwin": count(droppedTwin.total), "droppedTelemetry": count(droppedTelemetry.total),
      "messagesUnderWay": .int(Int64(messagesUnderWay)), "bytesUnderWay": .int(Int64(bytesUnderWay)),
    ]
    if let spool { members.append("spool", .object(spool.members)) }
    return members
  }
}

extension MethodCallStatistics {
  var members: JSON.Members {
    [
      "requests": count(requests), "refused": count(refused), "dropped": count(dropped),
      "underWay": .int(Int64(underWay)),
    ]
  }
}

private func count(_ value: UInt64) -> JSON { .int(Int64(clamping: value)) }

extension SpoolStatistics {
  fileprivate var members: JSON.Members {
    [
      "messages": .int(Int64(messages)), "bytes": .int(bytes), "spooled": count(spooled),
      "replayed": count(replayed),
      "droppedFull": count(droppedFull), "droppedOld": count(droppedOld),
      "droppedMemory": count(droppedMemory),
      "damaged": count(damaged), "problem": .string(problem),
    ]
  }
}

extension HistoryStatistics {
  var members: JSON.Members {
    [
      "samples": count(samples), "dropped": count(dropped), "oversized": count(oversized),
      "blocksWritten": count(blocksWritten), "blocksDeleted": count(blocksDeleted),
      "damagedBlocks": count(damagedBlocks), "failures": count(failures), "queries": count(queries),
      "refusedQueries": count(refusedQueries), "queueDepth": .int(Int64(queueDepth)),
      "properties": .int(Int64(properties)), "blocks": .int(blocks), "fileBytes": .int(fileBytes),
      "memoryBytes": .int(Int64(memoryBytes)), "problem": .string(problem),
    ]
  }
}

extension JournalStatistics {
  var members: JSON.Members {
    [
      "recorded": count(recorded), "written": count(written), "dropped": count(dropped),
      "syncs": count(syncs),
      "failures": count(failures), "kept": .int(Int64(kept)), "queueDepth": .int(Int64(queueDepth)),
      "queueCapacity": .int(Int64(queueCapacity)), "followers": .int(Int64(followers)),
      "problem": .string(problem),
    ]
  }
}

extension PushStatistics {
  var members: JSON.Members {
    [
      "name": .string("\(kind.rawValue) \(destination)"), "waiting": .int(Int64(waiting)),
      "sent": count(sent),
      "dropped": count(dropped), "refused": count(refused), "failures": count(failures),
      "problem": .string(problem),
    ]
  }
}
