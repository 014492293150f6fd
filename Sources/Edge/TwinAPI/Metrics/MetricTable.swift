// SPDX-License-Identifier: Apache-2.0

/// The counters of modules by the names that Prometheus knows them by. The names are never changed.
///
/// A counter that is not here is shown all the same, as `selvedge_counter{module,name}`, until it gets its name.
struct MetricFamily: Sendable {
  struct Source: Sendable {
    /// The member of the node's counters.
    let module: String
    /// Below it, with points between: `store.commits`.
    let path: String
    let labels: [(name: String, value: String)]
  }

  let name: String
  let kind: MetricText.Kind
  let help: String
  let sources: [Source]

  private init(_ name: String, _ kind: MetricText.Kind, _ help: String, _ sources: [Source]) {
    self.name = "selvedge_" + name
    self.kind = kind
    self.help = help
    self.sources = sources
  }

  private static func one(
    _ name: String, _ kind: MetricText.Kind, _ module: String, _ path: String, _ help: String,
    _ labels: KeyValuePairs<String, String> = [:]
  ) -> MetricFamily {
    MetricFamily(
      name, kind, help,
      [Source(module: module, path: path, labels: labels.map { ($0.key, $0.value) })])
  }

  /// One family whose samples differ in a label.
  private static func many(
    _ name: String, _ kind: MetricText.Kind, _ module: String, by label: String,
    _ paths: KeyValuePairs<String, String>, _ help: String
  ) -> MetricFamily {
    MetricFamily(
      name, kind, help,
      paths.map { Source(module: module, path: $0.value, labels: [(label, $0.key)]) })
  }

  static let all: [MetricFamily] = twin + store + bus + push + history + journal + rest

  private static let twin: [MetricFamily] = [
    many(
      "twin_requests_total", .counter, "deviceTwin", by: "result",
      ["answered": "requests", "refused": "refused", "ignored": "ignored"],
      "Requests over MQTT, by what came of them."),
    many(
      "twin_samples_total", .counter, "deviceTwin", by: "result",
      ["taken": "samples", "strayed": "strayedSamples"],
      "Samples from mappers; strayed ones belong to no property."),
    one("twin_reports_total", .counter, "deviceTwin", "reports", "Durable reports, each with one document."),
    one(
      "twin_reported_properties_total", .counter, "deviceTwin", "reportedProperties",
      "Properties in durable reports."),
    one(
      "twin_postponed_reports_total", .counter, "deviceTwin", "postponedReports",
      "Reports that waited a cycle longer, since the writer was full or failed."),
    one(
      "twin_telemetry_batches_total", .counter, "deviceTwin", "telemetryBatches", "Telemetry messages made."),
    many(
      "twin_dropped_messages_total", .counter, "deviceTwin", by: "kind",
      ["telemetry": "droppedTelemetry", "twin": "droppedMessages"], "Messages that MQTT did not take."),
    one(
      "twin_desired_accepted_total", .counter, "deviceTwin", "desiredAccepted",
      "Desired values that were stored."),
    many(
      "twin_writes_total", .counter, "deviceTwin", by: "result",
      [
        "started": "writesStarted", "applied": "writesApplied", "failed": "writesFailed",
        "retried": "writesRetried",
      ], "Writes of desired values to devices."),
    one("twin_devices", .gauge, "deviceTwin", "devices", "Devices that have a twin."),
    one("twin_watchers", .gauge, "deviceTwin", "watchers", "Watches of changes that are open."),
  ]

  private static let store: [MetricFamily] = [
    one(
      "store_operations_total", .counter, "deviceTwin", "store.operations", "Write operations.",
      ["store": "twin"]),
    one("store_commits_total", .counter, "deviceTwin", "store.commits", "Transactions.", ["store": "twin"]),
    one(
      "store_failures_total", .counter, "deviceTwin", "store.failures", "Transactions that failed.",
      ["store": "twin"]),
    one(
      "store_dropped_total", .counter, "deviceTwin", "store.dropped",
      "Operations refused because the queue was full.", ["store": "twin"]),
    one(
      "store_largest_group", .gauge, "deviceTwin", "store.largestGroup",
      "Operations of the largest transaction so far.", ["store": "twin"]),
    one(
      "store_queue_depth", .gauge, "deviceTwin", "store.queueDepth", "Operations that wait now.",
      ["store": "twin"]),
    one(
      "store_queue_capacity", .gauge, "deviceTwin", "store.queueCapacity", "Operations that may wait.",
      ["store": "twin"]),
    one(
      "store_checkpoints_total", .counter, "deviceTwin", "store.checkpoints", "Checkpoints of the log.",
      ["store": "twin"]),
    one(
      "store_log_pages", .gauge, "deviceTwin", "store.logPages", "Pages in the write-ahead log.",
      ["store": "twin"]),
  ]

  private static let bus: [MetricFamily] = [
    one("mqtt_connected", .gauge, "eventBus", "connected", "1: connected and subscribed."),
    one("mqtt_reconnects_total", .counter, "eventBus", "reconnects", "Connections made after the first one."),
    one("mqtt_received_total", .counter, "eventBus", "received", "Messages received."),
    one("mqtt_ignored_total", .counter, "eventBus", "ignored", "Retained requests, which are not handed on."),
    many(
      "mqtt_published_total", .counter, "eventBus", by: "kind",
      ["twin": "publishedTwin", "telemetry": "publishedTelemetry"],
      "Messages published, by kind of topic."),
    many(
      "mqtt_dropped_total", .counter, "eventBus", by: "kind",
      ["twin": "droppedTwin", "telemetry": "droppedTelemetry"], "Messages dropped, by kind of topic."),
    one("mqtt_messages_under_way", .gauge, "eventBus", "messagesUnderWay", "Messages not acknowledged yet."),
    one("mqtt_spool_messages", .gauge, "eventBus", "spool.messages", "Telemetry that waits on disk."),
    one("mqtt_spool_bytes", .gauge, "eventBus", "spool.bytes", "Bytes of it."),
    many(
      "mqtt_spool_total", .counter, "eventBus", by: "what",
      ["spooled": "spool.spooled", "replayed": "spool.replayed"],
      "Telemetry put on disk, and sent from there."),
    many(
      "mqtt_spool_dropped_total", .counter, "eventBus", by: "reason",
      [
        "full": "spool.droppedFull", "old": "spool.droppedOld", "memory": "spool.droppedMemory",
        "damaged": "spool.damaged",
      ], "Telemetry lost from the spool."),
    one("mqtt_bytes_under_way", .gauge, "eventBus", "bytesUnderWay", "Bytes not acknowledged yet."),
  ]

  private static let push: [MetricFamily] = [
    one("push_sent_total", .counter, "push", "sent", "Values that a push target took."),
    many(
      "push_lost_total", .counter, "push", by: "reason", ["full": "dropped", "refused": "refused"],
      "Values that did not reach their push target."),
    one("push_failures_total", .counter, "push", "failures", "Attempts that failed."),
    one("push_waiting", .gauge, "push", "waiting", "Values that wait for their push target."),
  ]

  private static let history: [MetricFamily] = [
    one("history_samples_total", .counter, "history", "samples", "Samples taken into the history."),
    many(
      "history_dropped_total", .counter, "history", by: "reason",
      ["full": "dropped", "oversized": "oversized"], "Samples that the history did not take."),
    many(
      "history_blocks_total", .counter, "history", by: "what",
      ["written": "blocksWritten", "deleted": "blocksDeleted", "damaged": "damagedBlocks"],
      "Blocks of the history."),
    one(
      "history_failures_total", .counter, "history", "failures", "Transactions of the history that failed."),
    many(
      "history_queries_total", .counter, "history", by: "result",
      ["answered": "queries", "refused": "refusedQueries"], "Queries of the history."),
    one("history_queue_depth", .gauge, "history", "queueDepth", "Work that waits for the history's thread."),
    one("history_properties", .gauge, "history", "properties", "Properties with a history."),
    one("history_blocks", .gauge, "history", "blocks", "Blocks on disk."),
    one("history_file_bytes", .gauge, "history", "fileBytes", "Size of the history's file."),
    one("history_memory_bytes", .gauge, "history", "memoryBytes", "Memory of blocks that are not full."),
  ]

  private static let journal: [MetricFamily] = [
    one("events_recorded_total", .counter, "journal", "recorded", "Events since the start."),
    one("events_written_total", .counter, "journal", "written", "Events written to files."),
    one("events_dropped_total", .counter, "journal", "dropped", "Events that are in memory only."),
    one("events_syncs_total", .counter, "journal", "syncs", "Syncs of the files of events."),
    one("events_failures_total", .counter, "journal", "failures", "Failures to write events."),
    one("events_kept", .gauge, "journal", "kept", "Events in memory."),
    one("events_queue_depth", .gauge, "journal", "queueDepth", "Events that wait for the disk."),
    one("events_queue_capacity", .gauge, "journal", "queueCapacity", "Events that may wait for the disk."),
    one("events_followers", .gauge, "journal", "followers", "Readers that wait for events."),
  ]

  private static let rest: [MetricFamily] = [
    many(
      "method_requests_total", .counter, "methodCalls", by: "result",
      ["answered": "requests", "refused": "refused", "dropped": "dropped"], "Method calls over MQTT."),
    one(
      "method_calls_under_way", .gauge, "methodCalls", "underWay", "Method calls over MQTT that go on now."),
    one("manifest_problems", .gauge, "metaManager", "problems", "Errors in the manifests."),
  ]
}
