// SPDX-License-Identifier: Apache-2.0
/// Where the twin API listens: `modules.twinAPI` of the configuration.
package struct TwinAPIOptions: Sendable {
  /// `modules.twinAPI.socket`: path of the unix socket, which may do everything. Nil: none.
  package var socket: String?
  /// `modules.twinAPI.address`: a loopback address, or with `tls` any of this machine.
  package var address: String
  /// `modules.twinAPI.port`: the TCP port, which may only read until there are tokens. 0: any free one; nil: none.
  package var port: Int?
  /// `modules.twinAPI.hostNames`: further names by which a client may call the TCP port, beside the
  /// loopback ones.
  package var hostNames: [String]
  /// `modules.twinAPI.tls`: the port speaks TLS.
  package var tls: PortSecurity?
  /// The file of the tokens; nil: they are gone with the agent.
  package var tokens: String?
  /// `modules.twinAPI.tokens.required`: also on loopback and before there are any.
  package var areTokensRequired = false
  /// `modules.twinAPI.socketAccess`.
  package var socketRules: [SocketRule] = []
  /// Whom mappers run as.
  package var runnerUsers: Set<String> = []
  /// `modules.twinAPI.rateLimits`: requests a second of one caller; 0: as many as they like.
  package var readsPerSecond = 2000
  package var writesPerSecond = 200

  /// `modules.twinAPI.watches`: watches, WebSockets and waiting writes together.
  package var watches = Self.defaultWatches

  package static let defaultWatches = 1536
  package static let defaultSocket = "/run/selvedge/twin.sock"
  package static let defaultPort = 10560

  package init(
    socket: String? = Self.defaultSocket, address: String = "127.0.0.1", port: Int? = Self.defaultPort,
    hostNames: [String] = []
  ) {
    self.socket = socket
    self.address = address
    self.port = port
    self.hostNames = hostNames
  }
}

/// What one client, or all of them, may take of the agent.
enum Limits {
  /// Bytes of a request's body.
  static let body = 1 << 20
  /// Bytes of a body beyond that which are read and thrown away: a client that still sends cannot read.
  static let discarded = 8 << 20
  /// Bytes of a request's header.
  static let header = 16 << 10
  static let headerFields = 100
  /// How long a body may take, in nanoseconds.
  static let bodyTime: Int64 = 60_000_000_000
  /// Connections of a listener; further ones wait in the kernel's queue.
  static let connections = 2048
  /// Method calls under way; further ones get 503.
  static let calls = 64
  /// Scans and descriptions under way; further ones get 503.
  static let scans = 16
  /// Finds of a scan that wait for a slow reader: all of a scan, as a mapper's host takes no more of one.
  /// Further ones are dropped and counted.
  static let finds = 10_000
  /// Requests for the manifests that wait for the disk; further ones get 503.
  static let manifestRequests = 16
  /// Seconds after which a connection without a request is closed.
  static let idleSeconds: Int64 = 75
  /// Devices of a page.
  static let page = 500
  static let largestPage = 5000
  static let wait = Duration.seconds(5)
  static let longestWait = Duration.seconds(60)
  /// How long requests under way may go on once the agent stops.
  static let drain = Duration.seconds(2)
  /// Those who follow the log of events; further ones get 503.
  static let eventFollowers = 64
  /// Events of an answer.
  static let events = 100
  static let mostEvents = 1000
  /// How often the files of the certificate are looked at.
  static let certificateCheck = Duration.seconds(30)
}
