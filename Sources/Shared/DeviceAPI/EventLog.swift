// SPDX-License-Identifier: Apache-2.0
package import JSON

/// Something that happened on the node and that somebody may ask about later.
package struct EventRecord: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// Somebody asked for a change: of a desired value, a manifest, a token; or called a method.
    case change
    /// What became of a desired value.
    case outcome
    /// The link of a device.
    case link
    /// A mapper was loaded, replaced, removed, or its runner ended.
    case mapper
    /// The agent itself: broker, store, configuration, limits.
    case node
  }

  /// Who has to act on it.
  package enum Level: String, Sendable, CaseIterable {
    /// Nobody: it is told for the record.
    case info
    /// A person should look, in their own time.
    case warning
    /// A person has to act: something does not work until then.
    case error
  }

  package var kind: Kind
  package var level: Level
  package var device: DeviceName?
  package var property: String?
  /// Who asked; nil where nobody did.
  package var caller: Caller?
  /// What was asked or happened, one word: `set`, `apply`, `delete`, `call`, `online`, `crashed`, …
  package var action: String
  /// What came of it: empty when all went well, else the reason.
  package var problem: String
  /// One line for people.
  package var text: String
  /// Further facts: values, versions.
  package var details: JSON.Members

  package init(
    _ kind: Kind, _ action: String, _ text: String, level: Level = .info, device: DeviceName? = nil,
    property: String? = nil, caller: Caller? = nil, problem: String = "", details: JSON.Members = .init()
  ) {
    self.kind = kind
    self.level = level
    self.device = device
    self.property = property
    self.caller = caller
    self.action = action
    self.problem = problem
    self.text = text
    self.details = details
  }
}

/// Takes events for the log. Any thread; never blocks: what finds no room is dropped and counted.
package protocol EventRecorder: AnyObject, Sendable {
  func record(_ event: EventRecord)
}

/// An event as the log keeps it.
package struct LoggedEvent: Sendable {
  /// Grows by one an event, over restarts too.
  package var id: UInt64
  /// Unix nanoseconds.
  package var time: Int64
  package var record: EventRecord

  package init(id: UInt64, time: Int64, record: EventRecord) {
    self.id = id
    self.time = time
    self.record = record
  }
}

package struct EventFilter: Sendable {
  /// Nil: every kind.
  package var kinds: Set<EventRecord.Kind>?
  package var device: DeviceName?
  /// Namespaces whose devices may be seen, and with nil all; events without a device are seen with nil only.
  package var namespaces: Set<String>?
  /// This level and those above.
  package var level: EventRecord.Level?

  package init(
    kinds: Set<EventRecord.Kind>? = nil, device: DeviceName? = nil, namespaces: Set<String>? = nil,
    level: EventRecord.Level? = nil
  ) {
    self.kinds = kinds
    self.device = device
    self.namespaces = namespaces
    self.level = level
  }
}

/// Reads the log of events. Any thread; what is asked for comes from memory.
package protocol EventService: AnyObject, Sendable {
  /// The newest `limit` events of the filter that are older than `before` (nil: the newest of all), newest first.
  func events(_ filter: EventFilter, before: UInt64?, limit: Int) -> [LoggedEvent]

  /// Waits for events of the filter after `id`, oldest first; up to `limit`. Empty when the task was cancelled
  /// or the log closes. `missed` counts those that are no longer kept.
  func next(after id: UInt64, _ filter: EventFilter, limit: Int) async -> (
    events: [LoggedEvent], missed: UInt64
  )

  /// The newest event's id; 0: none yet.
  var newest: UInt64 { get }
}
