// SPDX-License-Identifier: Apache-2.0
internal import AsyncHTTPClient
internal import DeviceAPI
internal import JSON
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Speaks the twin API.
struct AgentClient: Sendable {
  enum Place: Sendable {
    case socket(String)
    case server(String)
  }

  enum Method: String, Sendable {
    case get = "GET"
    case patch = "PATCH"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
  }

  struct Reply: Sendable {
    let status: Int
    let json: JSON
  }

  /// Bytes of an answer; a page of 500 full twins stays far below.
  private static let largestAnswer = 256 << 20

  let place: Place
  private let token: String?
  private let http: HTTPClient

  /// - Parameter authorities: a PEM file with whom to trust; nil: the system's.
  init(_ place: Place, token: String? = nil, authorities: String? = nil) throws(Failure) {
    self.place = place
    self.token = token
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.retryConnectionEstablishment = false
    // Silence: longer than the longest wait for a value, and several heartbeats of a watch.
    configuration.timeout = .init(connect: .seconds(5), read: .seconds(75))
    if let authorities {
      do {
        guard try !NIOSSLCertificate.fromPEMFile(authorities).isEmpty else {
          throw NIOSSLError.failedToLoadCertificate
        }
      } catch {
        throw Failure(.failed, "\(authorities): expected certificates as PEM")
      }
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .file(authorities)
      configuration.tlsConfiguration = tls
    }
    http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  func close() async { try? await http.shutdown() }

  /// - Throws: `Failure` for every answer that is not a success.
  func send(
    _ method: Method, _ path: [String], query: [(String, String)] = [], body: String? = nil,
    type: String = "application/json", headers: [(String, String)] = [],
    within limit: Duration = .seconds(10)
  ) async throws(Failure) -> Reply {
    var request = request(method, path, query: query)
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body {
      request.headers.add(name: "content-type", value: type)
      request.body = .bytes(ByteBuffer(string: body))
    }
    do {
      let (status, text) = try await answer(to: request, within: limit)
      // Nothing to say, as after a deletion.
      return Reply(status: status, json: text.isEmpty ? .null : try JSON.parse(text))
    } catch {
      throw failure(error)
    }
  }

  /// The text of a page that is no JSON.
  func text(_ path: [String], within limit: Duration = .seconds(10)) async throws(Failure) -> String {
    do {
      return try await answer(to: request(.get, path, query: []), within: limit).text
    } catch {
      throw failure(error)
    }
  }

  private func answer(to request: HTTPClientRequest, within limit: Duration) async throws -> (
    status: Int, text: String
  ) {
    let response = try await http.execute(request, timeout: .init(limit))
    let text = String(buffer: try await response.body.collect(upTo: Self.largestAnswer))
    let status = Int(response.status.code)
    guard (200..<300).contains(status) else { throw Failure(status: status, body: text) }
    return (status, text)
  }

  /// Hands over the pieces of a long answer as they come.
  func download(
    _ path: [String], query: [(String, String)], _ body: (ByteBufferView) throws -> Void
  ) async throws(Failure) {
    do {
      let response = try await http.execute(
        request(.get, path, query: query), deadline: .distantFuture)
      guard response.status == .ok else {
        let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
        throw Failure(status: Int(response.status.code), body: text)
      }
      for try await buffer in response.body { try body(buffer.readableBytesView) }
    } catch {
      throw failure(error)
    }
  }

  /// All devices of a filter, over as many pages as there are.
  func devices(_ query: [(String, String)]) async throws(Failure) -> [JSON] {
    var devices: [JSON] = []
    var token: String?
    repeat {
      let page = try await send(
        .get, ["v1", "devices"], query: query + (token.map { [("continue", $0)] } ?? []),
        within: .seconds(30))
      devices += page.json["items"]?.array ?? []
      token = page.json["continue"]?.string
    } while token != nil
    return devices
  }

  /// Hands over the events of a watch as they come, until `body` returns false.
  func watch(
    query: [(String, String)], _ body: (ServerSentEvent) throws -> Bool
  ) async throws(Failure) {
    var isOver = false
    try await follow(.get, ["v1", "watch"], query: query) { event in
      let goesOn = try body(event)
      isOver = !goesOn
      return goesOn
    }
    guard !isOver else { return }
    throw Failure(
      .unreachable, "the agent ended the watch",
      hint: "It stops or restarts; start the watch again.")
  }

  /// Hands over the events of an answer as they come, until `body` returns false or the answer ends.
  func follow(
    _ method: Method, _ path: [String], query: [(String, String)], json: JSON? = nil,
    headers: [(String, String)] = [], _ body: (ServerSentEvent) throws -> Bool
  ) async throws(Failure) {
    var request = request(method, path, query: query)
    request.headers.add(name: "accept", value: "text/event-stream")
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let json {
      request.headers.add(name: "content-type", value: "application/json")
      request.body = .bytes(ByteBuffer(bytes: json.bytes))
    }
    do {
      let response = try await http.execute(request, deadline: .distantFuture)
      guard response.status == .ok else {
        let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
        throw Failure(status: Int(response.status.code), body: text)
      }
      var parser = ServerSentEvent.Parser()
      for try await buffer in response.body {
        for event in parser.take(buffer.readableBytesView) where try !body(event) { return }
      }
    } catch {
      throw failure(error)
    }
  }

  private func request(_ method: Method, _ path: [String], query: [(String, String)])
    -> HTTPClientRequest
  {
    let base =
      switch place {
      case .socket(let path): "http+unix://" + URLText.escape(path)
      case .server(let url): url
      }
    var url = base + path.map { "/" + URLText.escape($0) }.joined()
    if !query.isEmpty {
      url +=
        "?" + query.map { URLText.escape($0.0) + "=" + URLText.escape($0.1) }.joined(separator: "&")
    }
    var request = HTTPClientRequest(url: url)
    request.method = HTTPMethod(rawValue: method.rawValue)
    if let token { request.headers.add(name: "authorization", value: "Bearer " + token) }
    return request
  }

  private func failure(_ error: any Error) -> Failure {
    switch error {
    case let failure as Failure:
      return failure
    case let error as JSONError:
      return Failure(.failed, "the agent's answer is not JSON: \(error)", hint: hint)
    case let error as HTTPClientError where error == .deadlineExceeded:
      return Failure(.timeout, "the agent did not answer in time")
    case let error as HTTPClientError
    where error == .readTimeout || error == .remoteConnectionClosed:
      return Failure(.unreachable, "the agent went away", hint: hint)
    default:
      let reason = Self.reason(of: error)
      return Failure(
        .unreachable, "the agent cannot be reached at \(placeText): \(reason.text)",
        hint: reason.hint ?? hint)
    }
  }

  private static func reason(of error: any Error) -> (text: String, hint: String?) {
    switch error {
    case let error as IOError: return (error.reasonText, nil)
    case let error as NIOConnectionError:
      if let first = error.connectionErrors.first { return reason(of: first.error) }
      return ("no such host", nil)
    case let error as HTTPClientError where error == .connectTimeout: return ("no answer", nil)
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      return ("its certificate is for another name", "Use the name of the certificate in --server.")
    case is NIOSSLError:
      let words = "\(error)"
      if words.contains("CERTIFICATE_VERIFY_FAILED") {
        return ("its certificate is not trusted", "--ca-file names whom to trust.")
      }
      if words.contains("WRONG_VERSION_NUMBER") {
        return ("it speaks no TLS", "Is it http:// there?")
      }
      return (words, nil)
    default: return ("\(error)", nil)
    }
  }

  var placeText: String {
    switch place {
    case .socket(let path): path
    case .server(let url): url
    }
  }

  private var hint: String {
    switch place {
    case .socket:
      "Is edgecore running, and may you use its socket? --socket or SELVEDGE_SOCKET names another one."
    case .server: "Is edgecore running, and is its key modules.twinAPI.port the port of --server?"
    }
  }
}

extension IOError {
  /// The system's words alone, without the call.
  fileprivate var reasonText: String { Errno.text(errnoCode) }
}

extension TimeAmount {
  fileprivate init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}
