// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import Synchronization
import TestSupport

/// A headless Chromium with one page, driven through its DevTools protocol over a pair of pipes: messages are JSON, each
/// ended by a zero byte.
final class Chromium: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private struct State {
    var next = 0
    var answers: [Int: JSON] = [:]
    var troubles: [String] = []
    var hasEnded = false
  }

  private let process: ChildProcess
  private let folder: TemporaryFolder
  private let toBrowser: Int32
  private let state: Mutex<State>
  private let reader: Reader
  private let session = Mutex<String?>(nil)

  /// Nil: there is none on this machine.
  static let path: String? = {
    let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin"
    for name in ["chromium", "chromium-browser", "google-chrome"] {
      for folder in folders.split(separator: ":") where access(folder + "/" + name, X_OK) == 0 {
        return folder + "/" + name
      }
    }
    return nil
  }()

  /// CI must have it; elsewhere tests are left out without it.
  static var isExpected: Bool { path != nil || getenv("CI") != nil }

  init(width: Int = 1280, height: Int = 900) async throws {
    guard let path = Self.path else {
      throw Failure(description: "there is no chromium: apt install chromium")
    }
    folder = try TemporaryFolder()
    var down: [Int32] = [-1, -1]
    var up: [Int32] = [-1, -1]
    guard pipe(&down) == 0, pipe(&up) == 0 else {
      throw Failure(description: "no pipe: \(String(cString: strerror(errno)))")
    }
    // Programs that other tests start have no business with them.
    for descriptor in down + up { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    defer {
      close(down[0])
      close(up[1])
    }
    toBrowser = down[1]
    reader = Reader(descriptor: up[0])
    state = Mutex(State())
    process = try ChildProcess(
      path,
      [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-extensions", "--disable-background-networking", "--remote-debugging-pipe",
        "--user-data-dir=" + folder.file("profile"), "about:blank",
      ],
      environment: ["HOME=" + folder.path, "TZ=UTC"], output: folder.file("chromium.log"),
      descriptors: [(down[0], 3), (up[1], 4)])
    reader.start { [weak self] message in self?.take(message) }

    let target = try await send("Target.createTarget", ["url": "about:blank"])["targetId"] ?? .null
    let attached = try await send("Target.attachToTarget", ["targetId": target, "flatten": true])
    session.withLock { $0 = attached["sessionId"]?.string }
    for domain in ["Page", "Runtime", "Log"] { try await send(domain + ".enable") }
    // What the page's policy refused is an event of the page.
    try await send(
      "Page.addScriptToEvaluateOnNewDocument",
      [
        "source": """
        window.refused = [];
        document.addEventListener('securitypolicyviolation', (event) => {
          window.refused.push(`${event.violatedDirective} ${event.blockedURI}`);
        });
        """
      ])
    try await resize(width: width, height: height)
  }

  deinit {
    process.kill()
    close(toBrowser)
  }

  // MARK: The protocol

  @discardableResult
  func send(_ method: String, _ parameters: JSON.Members = [:]) async throws -> JSON {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    var message: JSON.Members = [
      "id": .int(Int64(number)), "method": .string(method), "params": .object(parameters),
    ]
    if let session = session.withLock({ $0 }) { message["sessionId"] = .string(session) }
    try write(Array(JSON.object(message).text.utf8) + [0])
    _ = await eventually { state.withLock { $0.answers[number] != nil || $0.hasEnded } }
    guard let answer = state.withLock({ $0.answers.removeValue(forKey: number) }) else {
      throw Failure(description: "\(method): no answer\n" + Files.text(folder.file("chromium.log")))
    }
    if let error = answer["error"] { throw Failure(description: "\(method): \(error.text)") }
    return answer["result"] ?? .null
  }

  /// Small enough for the pipe to take at once.
  private func write(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(toBrowser, $0.baseAddress, $0.count) }
      guard count > 0 else {
        throw Failure(description: "chromium is gone: \(String(cString: strerror(errno)))")
      }
      rest = rest.dropFirst(count)
    }
  }

  private func take(_ message: [UInt8]?) {
    guard let message else { return state.withLock { $0.hasEnded = true } }
    guard let json = try? JSON.parse(message) else { return }
    if let number = json["id"]?.int {
      state.withLock { $0.answers[Int(number)] = json }
    } else if let trouble = Self.trouble(json) {
      state.withLock { $0.troubles.append(trouble) }
    }
  }

  /// Exceptions, and what the console shows in red; answers of the agent that are not 2xx are no trouble by themselves.
  private static func trouble(_ event: JSON) -> String? {
    let parameters = event["params"]
    switch event["method"]?.string {
    case "Runtime.exceptionThrown": return parameters?.text
    case "Runtime.consoleAPICalled" where parameters?["type"] == "error": return parameters?.text
    case "Log.entryAdded":
      let entry = parameters?["entry"]
      return entry?["level"] == "error" && entry?["source"] != "network" ? entry?.text : nil
    default: return nil
    }
  }

  /// What went wrong in the page until now.
  var troubles: [String] { state.withLock { $0.troubles } }

  // MARK: What a person does

  func open(_ address: String) async throws { try await send("Page.navigate", ["url": .string(address)]) }

  func resize(width: Int, height: Int, isPhone: Bool = false) async throws {
    try await send(
      "Emulation.setDeviceMetricsOverride",
      [
        "width": .int(Int64(width)), "height": .int(Int64(height)), "deviceScaleFactor": 1,
        "mobile": .bool(isPhone),
      ])
  }

  func prefer(dark: Bool) async throws {
    try await send(
      "Emulation.setEmulatedMedia",
      ["features": [["name": "prefers-color-scheme", "value": dark ? "dark" : "light"]]])
  }

  /// What the expression gives, awaited.
  @discardableResult
  func evaluate(_ expression: String) async throws -> JSON {
    let answer = try await send(
      "Runtime.evaluate",
      ["expression": .string(expression), "awaitPromise": true, "returnByValue": true])
    if let details = answer["exceptionDetails"] {
      throw Failure(description: "\(expression): \(details.text)")
    }
    return answer["result"]?["value"] ?? .null
  }

  /// Waits until the expression is true.
  func shows(_ expression: String) async -> Bool {
    await eventually { (try? await evaluate("Boolean(\(expression))")) == true }
  }

  /// Waits until the text stands somewhere in what the selector finds.
  func shows(_ text: String, in selector: String) async -> Bool {
    await shows(
      "[...document.querySelectorAll(`\(selector)`)].some((item) => item.innerText.includes(`\(text)`))")
  }

  /// Presses the mouse in the middle of what the selector finds first, once it is there and can be seen.
  func click(_ selector: String) async throws {
    let found = "document.querySelector(`\(selector)`)"
    guard await shows("\(found)?.checkVisibility() && !\(found).disabled") else {
      throw Failure(
        description: "nothing to press: \(selector)\n" + (try await evaluate("document.body.innerText").text))
    }
    try await evaluate("\(found).scrollIntoView({block: 'center', behavior: 'instant'})")
    let place = try await evaluate(
      "(() => { const box = \(found).getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2] })()"
    )
    guard let x = place.array?.first, let y = place.array?.last else {
      throw Failure(description: "no place: \(selector)")
    }
    try await mouse("mouseMoved", x, y)
    try await mouse("mousePressed", x, y)
    try await mouse("mouseReleased", x, y)
  }

  func mouse(_ type: JSON, _ x: JSON, _ y: JSON) async throws {
    let isDown: JSON = type == "mouseReleased" ? 0 : 1
    try await send(
      "Input.dispatchMouseEvent",
      ["type": type, "x": x, "y": y, "button": "left", "buttons": isDown, "clickCount": 1])
  }

  /// Into what has the focus, in place of what is selected.
  func type(_ text: String) async throws { try await send("Input.insertText", ["text": .string(text)]) }

  /// A key as its event names it: `Enter`, `Tab`, `ArrowDown`, `j`, `?`.
  func press(_ key: String) async throws {
    let codes: [String: Int64] = [
      "Enter": 13, "Tab": 9, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "ArrowLeft": 37, "ArrowRight": 39,
    ]
    var event: JSON.Members = ["type": "keyDown", "key": .string(key)]
    if let code = codes[key] {
      event["windowsVirtualKeyCode"] = .int(code)
      event["code"] = .string(key)
      if key == "Enter" { event["text"] = "\r" }
    } else {
      event["text"] = .string(key)
    }
    try await send("Input.dispatchKeyEvent", event)
    event["type"] = "keyUp"
    event["text"] = nil
    try await send("Input.dispatchKeyEvent", event)
  }

  /// Reads messages on a thread of its own until the browser closes its end.
  private final class Reader: Sendable {
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// - Parameter take: gets each message, and nil at the end.
    func start(_ take: @escaping @Sendable ([UInt8]?) -> Void) {
      Task {
        try? await offload { [self] in
          var bytes: [UInt8] = []
          var buffer = [UInt8](repeating: 0, count: 1 << 16)
          while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
            bytes += buffer[..<count]
            while let end = bytes.firstIndex(of: 0) {
              take(Array(bytes[..<end]))
              bytes.removeSubrange(...end)
            }
          }
        }
        take(nil)
      }
    }
  }
}
