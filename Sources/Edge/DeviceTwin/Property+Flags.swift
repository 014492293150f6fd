// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

extension Property {
  /// What is yes or no of a property.
  struct Flags: OptionSet {
    let rawValue: UInt8
    static let isMapped = Flags(rawValue: 1)
    static let hasDesired = Flags(rawValue: 2)
    static let isWriteInFlight = Flags(rawValue: 4)
    static let isDue = Flags(rawValue: 8)
    static let isUnborn = Flags(rawValue: 16)
    static let isDeleted = Flags(rawValue: 32)
    static let hadExpected = Flags(rawValue: 64)
    static let hadActual = Flags(rawValue: 128)
    static let anyLife: Flags = [.isUnborn, .isDeleted, .hadExpected, .hadActual]
  }

  /// A mapper of this node reads and writes it.
  var isMapped: Bool {
    get { flags.contains(.isMapped) }
    set { set(.isMapped, newValue) }
  }

  var hasDesired: Bool {
    get { flags.contains(.hasDesired) }
    set { set(.hasDesired, newValue) }
  }

  /// A write, of the version of now or an older one, is with the driver: the next one waits for its result.
  var isWriteInFlight: Bool {
    get { flags.contains(.isWriteInFlight) }
    set { set(.isWriteInFlight, newValue) }
  }

  var life: Life {
    get {
      if flags.contains(.isUnborn) { return .unborn }
      guard flags.contains(.isDeleted) else { return .live }
      return .deleted(hadExpected: flags.contains(.hadExpected), hadActual: flags.contains(.hadActual))
    }
    set {
      flags.subtract(.anyLife)
      switch newValue {
      case .live: break
      case .unborn: flags.insert(.isUnborn)
      case .deleted(let hadExpected, let hadActual):
        flags.insert(.isDeleted)
        set(.hadExpected, hadExpected)
        set(.hadActual, hadActual)
      }
    }
  }

  var isLive: Bool { flags.isDisjoint(with: [.isUnborn, .isDeleted]) }

  private mutating func set(_ flag: Flags, _ isSet: Bool) {
    if isSet { flags.insert(flag) } else { flags.remove(flag) }
  }
}
