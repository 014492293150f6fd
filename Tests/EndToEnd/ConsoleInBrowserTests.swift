// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// The console as people use it: a real browser, a real agent, real mappers.
@Suite(.runsNodes, .enabled(if: Chromium.isExpected, "there is no chromium"))
struct ConsoleInBrowserTests {
  /// `note` holds what would be markup if the page let it.
  private static let tank = """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: DeviceModel
    metadata: {name: tank, namespace: default}
    spec:
      protocol: virtual
      properties:
      - {name: fillings, type: INT, accessMode: ReadOnly}
      - {name: level, type: DOUBLE, accessMode: ReadOnly, unit: m}
      - {name: note, type: STRING, accessMode: ReadOnly}
      - {name: pump, type: BOOLEAN, accessMode: ReadWrite}
      - {name: target, type: DOUBLE, accessMode: ReadWrite, minimum: "0", maximum: "100", unit: m}
    ---
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: tank-1, namespace: default, labels: {hall: north}}
    spec:
      deviceModelRef: {name: tank}
      protocol: {protocolName: virtual}
      properties:
      - {name: fillings, collectCycle: 200, reportCycle: 100, visitors: {configData: {kind: counter}}}
      - {name: level, collectCycle: 200, reportCycle: 100, visitors: {configData: {kind: sine, offset: 5, amplitude: 2}}}
      - {name: note, collectCycle: 200, visitors: {configData: {kind: constant, text: "<img src=x onerror=document.title=1>"}}}
      - {name: pump, collectCycle: 200, visitors: {configData: {kind: settable}}}
      - {name: target, collectCycle: 200, reportCycle: 100, visitors: {configData: {kind: settable, offset: 5, min: 0, max: 10}}}

    """

  /// A node with the virtual mapper, and a browser that looks at it.
  private struct Desk {
    let node: Node
    let browser: Chromium
    let address: String

    init(path: String = "") async throws {
      let port = FreePort.find()
      node = try Node(arguments: ["--twin-api-port", "\(port)"])
      try node.install(mapper: "virtual")
      try node.declare(ConsoleInBrowserTests.tank, as: "tank")
      try await node.start()
      address = "http://127.0.0.1:\(port)/"
      browser = try await Chromium()
      try await browser.open(address + path)
    }

    /// A token of the node, made as `edgectl token create` makes it.
    func token(_ scope: String) async throws -> String {
      let reply = try await node.http.send(
        "POST", "/v1/tokens", body: #"{"name":"desk","scope":"\#(scope)"}"#)
      return try #require(reply.json["token"]?.string, "\(reply.text)")
    }

    /// Through the dialog that is open.
    func logIn(_ token: String) async throws {
      try await browser.click("dialog input[type=password]")
      try await browser.type(token)
      try await browser.press("Enter")
      #expect(await browser.shows("desk", in: "#user"))
      #expect(await browser.shows("!document.querySelector('dialog')"))
    }

    /// The page as somebody has it who logged in.
    static func loggedIn(_ scope: String = "admin", path: String) async throws -> Desk {
      let desk = try await Desk()
      let token = try await desk.token(scope)
      try await desk.browser.click("#user")
      try await desk.logIn(token)
      try await desk.browser.open(desk.address + path)
      return desk
    }

    /// Nothing was refused by the policy, no exception, nothing red in the console.
    func expectCalm() async throws {
      #expect(browser.troubles.isEmpty, "\(browser.troubles)")
      #expect(try await browser.evaluate("window.refused") == [])
    }
  }

  private static func cell(_ property: String, _ name: String) -> String {
    "tr[data-key='\(property)'] .\(name)"
  }

  // MARK: - Watching and setting

  @Test func `without a token it shows what is, and says how to log in`() async throws {
    let desk = try await Desk()
    let browser = desk.browser
    #expect(await browser.shows("online", in: ".devices tr[data-key='default/tank-1']"))
    #expect(await browser.shows(Node.name, in: "#node-name"))
    #expect(await browser.shows("live", in: "#link"))
    #expect(await browser.shows("Read only", in: "#notice"))

    try await browser.click(".devices tr[data-key='default/tank-1'] a")
    #expect(await browser.shows("tank-1", in: "h1"))
    // Live: the counter goes on without anybody asking.
    let value = "Number(document.querySelector(\"\(Self.cell("fillings", "v"))\")?.textContent)"
    #expect(await browser.shows("\(value) > 0"))
    let before = try #require(try await browser.evaluate(value).int)
    #expect(await browser.shows("\(value) > \(before)"))

    // What a device says is text.
    #expect(await browser.shows("<img src=x onerror=", in: Self.cell("note", "v")))
    #expect(try await browser.evaluate("document.querySelectorAll('main img').length") == 0)
    #expect(try await browser.evaluate("document.title") == "default/tank-1 · Selvedge")

    try await browser.click(Self.cell("target", "p-desired button"))
    #expect(await browser.shows("edgectl token create", in: "dialog"))
    try await browser.click("dialog input[type=password]")
    try await browser.type("sel_wrong")
    try await browser.press("Enter")
    #expect(await browser.shows("document.querySelector('dialog .trouble')?.textContent.length > 0"))
    try await browser.press("Escape")
    #expect(await browser.shows("!document.querySelector('dialog')"))
    try await desk.expectCalm()
  }

  @Test func `a value that is set goes to applied, or to failed with the reason`() async throws {
    let desk = try await Desk.loggedIn("write", path: "#/devices/default/tank-1")
    let browser = desk.browser
    #expect(await browser.shows("document.getElementById('notice').hidden"))

    try await browser.click(Self.cell("target", "p-desired button"))
    try await browser.type("7.5")
    try await browser.press("Enter")
    #expect(await browser.shows("applied", in: Self.cell("target", "p-desired")))
    #expect(await browser.shows("7.5", in: Self.cell("target", "p-value")))
    #expect(await desk.node.reports(7.5, as: "target", of: "default/tank-1"))

    // The model forbids it: said at the field, and nothing is stored.
    try await browser.click(Self.cell("target", "p-desired button"))
    try await browser.type("1000")
    try await browser.press("Enter")
    #expect(await browser.shows("100", in: ".editor .trouble"))
    try await browser.press("Escape")
    #expect(await browser.shows("!document.querySelector('.editor')"))

    // The model allows it, the device does not.
    try await browser.click(Self.cell("target", "p-desired button"))
    try await browser.type("50")
    try await browser.press("Enter")
    #expect(await browser.shows("failed", in: Self.cell("target", "p-desired")))
    #expect(await browser.shows("invalid", in: Self.cell("target", "why")))
    let desired = await desk.node.property("target", of: "default/tank-1")["desired"]
    #expect(desired?["state"] == "failed")

    // And it can be taken back.
    try await browser.click(Self.cell("target", "p-desired button"))
    try await browser.click(".editor button[title^='No value']")
    #expect(
      await browser.shows("document.querySelector(\"\(Self.cell("target", "p-desired .chip"))\").hidden"))
    #expect(await desk.node.property("target", of: "default/tank-1")["desired"] == nil)
    try await desk.expectCalm()
  }

  @Test func `a method is called with typed arguments, and one that can do harm asks first`() async throws {
    let desk = try await Desk.loggedIn("write", path: "#/devices/default/tank-1")
    let browser = desk.browser
    try await browser.click("[data-method=add] summary")
    try await browser.click("[data-method=add] .field:nth-child(1) input")
    try await browser.type("1.5")
    try await browser.press("Tab")
    try await browser.type("2")
    try await browser.press("Enter")
    #expect(await browser.shows("3.5", in: "[data-method=add] .result"))

    try await browser.click("[data-method=isBetween] summary")
    try await browser.click("[data-method=isBetween] form button")
    #expect(await browser.shows("value: ", in: "[data-method=isBetween] .result.bad"))

    try await browser.click("[data-method=factoryReset] summary")
    try await browser.click("[data-method=factoryReset] form button")
    #expect(await browser.shows("can do harm", in: "dialog"))
    try await browser.click("dialog .danger")
    #expect(await browser.shows("Done", in: "[data-method=factoryReset] .result"))
    try await desk.expectCalm()
  }

  // MARK: - Adding, mappers

  @Test func `a scan finds devices, and one of them is added`() async throws {
    let desk = try await Desk.loggedIn(path: "#/discover")
    let browser = desk.browser
    try await browser.click("section[aria-label=Scan] form .options input[inputmode=numeric]")
    try await browser.type("2")
    try await browser.click("section[aria-label=Scan] form button.main")
    #expect(await browser.shows("2 found", in: "section[aria-label=Scan]"))
    #expect(try await browser.evaluate("document.querySelectorAll('.found').length") == 2)
    let name = try #require(
      try await browser.evaluate("document.querySelector('.found').dataset.found").string)
    try await browser.click(".found button.main")
    try await browser.click(".found a")
    #expect(await browser.shows(name, in: "h1"))
    #expect(await browser.shows("online", in: ".head .state"))
    #expect(await desk.node.becomes("online", "default/" + name, within: .seconds(60)))

    try await browser.open(desk.address + "#/discover")
    try await browser.click("section[aria-label='By a manifest'] textarea")
    try await browser.type("kind: Device\n")
    try await browser.click("section[aria-label='By a manifest'] button.main")
    #expect(await browser.shows("apiVersion", in: "section[aria-label='By a manifest'] .trouble"))
    try await desk.expectCalm()
  }

  @Test func `a mapper that crashes shows its fault and its restart`() async throws {
    let desk = try await Desk.loggedIn(path: "#/devices/default/tank-1")
    let browser = desk.browser
    try await browser.click("[data-method=setFault] summary")
    try await browser.click("[data-method=setFault] .field:nth-child(1) input")
    try await browser.type("crash")
    try await browser.press("Tab")
    try await browser.type("method")
    try await browser.press("Enter")
    #expect(await browser.shows("Done", in: "[data-method=setFault] .result"))
    try await browser.click("[data-method=add] summary")
    try await browser.click("[data-method=add] .field:nth-child(1) input")
    try await browser.type("1")
    try await browser.press("Tab")
    try await browser.type("1")
    try await browser.press("Enter")
    #expect(await browser.shows("document.querySelector('[data-method=add] .result.bad')"))
    try await browser.open(desk.address + "#/mappers")
    let card = "[data-mapper='virtual.so']"
    #expect(await browser.shows("Number(document.querySelector(\"\(card) .restarts\")?.textContent) >= 1"))
    #expect(await browser.shows("SIGSEGV", in: card + " .fault"))
    #expect(await browser.shows("running", in: card + " .state"))
    try await desk.expectCalm()
  }

  // MARK: - What was

  @Test func `the history is zoomed with the mouse and with the keyboard, and says its numbers`() async throws
  {
    let desk = try await Desk(path: "#/devices/default/tank-1?property=level")
    let browser = desk.browser
    let note = "section[aria-label=History] .plot-foot [role=status]"
    let samples = "parseInt(document.querySelector(`\(note)`)?.textContent)"
    #expect(await browser.shows("\(samples) >= 10"))
    #expect(
      await browser.shows(
        "document.querySelector('.plot canvas').getAttribute('aria-label')?.startsWith('level over')"))
    #expect(
      await browser.shows("document.querySelector('.ranges [aria-pressed=true]')?.textContent === '5 min'"))

    // A stretch at the right edge, drawn with the mouse: what is shown becomes shorter than the five minutes.
    try await browser.evaluate("document.querySelector('.plot canvas').scrollIntoView({block: 'center'})")
    let box = try await browser.evaluate(
      "(() => { const box = document.querySelector('.plot canvas').getBoundingClientRect(); return [box.x + box.width * 0.5, box.x + box.width * 0.9, box.y + 100] })()"
    )
    let places = try #require(box.array)
    try await browser.mouse("mousePressed", places[0], places[2])
    try await browser.mouse("mouseMoved", places[1], places[2])
    try await browser.mouse("mouseReleased", places[1], places[2])
    #expect(await browser.shows("!document.querySelector('.ranges [aria-pressed=true]')"))
    let label = "document.querySelector('.plot canvas').getAttribute('aria-label')"
    #expect(await browser.shows("/^level(: nothing| over 2 min)/.test(\(label))"))

    try await browser.evaluate("document.querySelector('.plot canvas').focus()")
    try await browser.press("-")
    #expect(await browser.shows("/^level(: nothing| over 4 min)/.test(\(label))"))
    try await browser.press("0")
    #expect(
      await browser.shows(
        "document.querySelector('.plot-foot [aria-pressed]').getAttribute('aria-pressed') === 'true'"))

    // The numbers themselves, and all of them as a file.
    try await browser.click("section[aria-label=History] details summary")
    #expect(await browser.shows("document.querySelectorAll('.samples tbody tr').length >= 10"))
    let link = try await browser.evaluate(
      "[...document.querySelectorAll('.plot-foot a')].find((a) => a.textContent === 'CSV').href")
    let file = try await browser.evaluate("fetch('\(link.string ?? "")').then((answer) => answer.text())")
    #expect(file.string?.hasPrefix("time,property,value,quality\n") == true, "\(file)")
    #expect(file.string?.contains(",level,") == true)
    try await desk.expectCalm()
  }

  @Test func `the log tells who did what, as it happens`() async throws {
    let desk = try await Desk.loggedIn(path: "#/log")
    let browser = desk.browser
    #expect(await browser.shows("token desk logs in", in: ".log .entry"))
    // From elsewhere, while the page looks on.
    let reply = try await desk.node.set("target", of: "default/tank-1", to: "50")
    #expect(reply.status == 422, "\(reply.text)")
    #expect(await browser.shows("target", in: ".log .entry[data-kind=change]"))
    #expect(await browser.shows("invalid", in: ".log .entry[data-kind=outcome] .why"))
    try await browser.click(".toolbar button:nth-child(2)")
    #expect(await browser.shows("document.querySelector('.log .entry[data-kind=outcome]')"))
    #expect(
      try await browser.evaluate("document.querySelector('.log .entry[data-kind=change]') === null") == true)
    try await desk.expectCalm()
  }

  // MARK: - Any screen, any hand, any light

  @Test func `the keyboard alone is enough`() async throws {
    let desk = try await Desk.loggedIn("write", path: "#/mappers")
    let browser = desk.browser
    #expect(await browser.shows("virtual.so", in: ".mapper"))
    try await browser.press("?")
    #expect(await browser.shows("Keyboard", in: "dialog h2"))
    try await browser.press("Escape")
    #expect(await browser.shows("!document.querySelector('dialog')"))
    try await browser.press("g")
    try await browser.press("d")
    #expect(await browser.shows("document.querySelector('.devices .name a')"))
    try await browser.press("/")
    try await browser.type("tank")
    try await browser.press("ArrowDown")
    #expect(await browser.shows("document.activeElement.textContent === 'tank-1'"))
    try await browser.press("Enter")
    #expect(await browser.shows("document.querySelectorAll('.properties tr[data-key]').length === 5"))
    // From the heading on, Tab leads to the first property, and the arrows to the last.
    #expect(await browser.shows("document.activeElement.tagName === 'H1'"))
    for _ in 0..<20
    where try await browser.evaluate("document.activeElement.matches('.p-name button')") == false {
      try await browser.press("Tab")
    }
    for _ in 0..<4 { try await browser.press("ArrowDown") }
    #expect(try await browser.evaluate("document.activeElement.textContent") == "target")
    try await browser.press("e")
    #expect(await browser.shows("document.activeElement.matches('.editor input')"))
    try await browser.type("3")
    try await browser.press("Enter")
    #expect(await browser.shows("applied", in: Self.cell("target", "p-desired")))
    #expect(await browser.shows("document.activeElement.getAttribute('aria-label') === 'Set target'"))
    try await browser.press("u")
    #expect(await browser.shows("Devices", in: "h1"))
    try await desk.expectCalm()
  }

  @Test func `it fits a phone and follows light and dark`() async throws {
    let desk = try await Desk()
    let browser = desk.browser
    try await browser.resize(width: 390, height: 844, isPhone: true)
    for view in ["devices", "devices/default/tank-1", "discover", "mappers", "log", "node"] {
      try await browser.open(desk.address + "#/" + view)
      #expect(await browser.shows("document.querySelector('h1')"))
      #expect(await browser.shows("document.querySelector('.panel')"))
      let widths = try await browser.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
      #expect(widths == [390, 390], "\(view): \(widths)")
    }
    let ground = "getComputedStyle(document.body).backgroundColor"
    try await browser.prefer(dark: false)
    let light = try await browser.evaluate(ground)
    try await browser.prefer(dark: true)
    let dark = try await browser.evaluate(ground)
    #expect(light != dark)
    // The switch goes from the system's colours to light, then to dark, whatever the system likes.
    try await browser.click("#theme")
    #expect(try await browser.evaluate(ground) == light)
    try await browser.prefer(dark: false)
    try await browser.click("#theme")
    #expect(try await browser.evaluate(ground) == dark)
    try await desk.expectCalm()
  }

  @Test func `the page's policy lets nothing inline run`() async throws {
    let desk = try await Desk()
    let browser = desk.browser
    #expect(await browser.shows("online", in: ".devices"))
    try await browser.evaluate(
      "(() => { const script = document.createElement('script'); script.textContent = 'window.ran = 1'; document.body.append(script) })()"
    )
    #expect(await browser.shows("window.refused.length > 0"))
    #expect(try await browser.evaluate("window.ran === undefined") == true)
  }

  @Test func `its files are kept by the browser until they change`() async throws {
    let desk = try await Desk()
    let browser = desk.browser
    #expect(await browser.shows("online", in: ".devices"))
    let answers = try await browser.evaluate(
      """
      (async () => {
        const ask = async (path, options) => {
          const answer = await fetch(path, { cache: 'no-store', ...options });
          const text = await answer.text();
          return { status: answer.status, size: text.length, tag: answer.headers.get('ETag'),
            cache: answer.headers.get('Cache-Control'), sniff: answer.headers.get('X-Content-Type-Options'),
            referrer: answer.headers.get('Referrer-Policy'), policy: answer.headers.get('Content-Security-Policy') };
        };
        const page = await ask('/');
        const file = await ask('/console/app.js');
        return [page, file, await ask('/console/app.js', { headers: { 'If-None-Match': `"x", W/${file.tag}` } }),
          await ask('/console/app.js', { headers: { 'If-None-Match': '"x"' } }), await ask('/console/app.js', { method: 'HEAD' }),
          await ask('/console/none.js'), await ask('/console/..%2Findex.html')];
      })()
      """)
    let all = try #require(answers.array)
    #expect(all.map { $0["status"] } == [200, 200, 304, 200, 200, 404, 404])
    #expect(all[2]["size"] == 0)
    #expect(all[4]["size"] == 0)
    #expect(
      all[0]["policy"]?.string?.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self';") == true)
    #expect(all[0]["cache"] == "no-cache")
    #expect(all[0]["sniff"] == "nosniff")
    #expect(all[0]["referrer"] == "no-referrer")
    #expect(all[0]["tag"] != all[1]["tag"])
  }

  // MARK: - Breaks

  @Test func `it says when the agent is gone, and goes on when it is back`() async throws {
    let desk = try await Desk(path: "#/devices/default/tank-1")
    let browser = desk.browser
    let value = "Number(document.querySelector(\"\(Self.cell("fillings", "v"))\")?.textContent)"
    #expect(await browser.shows("\(value) > 0"))
    desk.node.kill()
    #expect(await browser.shows("No answer from the agent since", in: "#banner"))
    #expect(await browser.shows("offline", in: "#link"))
    try await desk.node.start()
    #expect(await browser.shows("document.getElementById('banner').hidden"))
    // The counter began anew with the mapper: it has to move again.
    let after = try #require(try await browser.evaluate(value).int)
    #expect(await browser.shows("\(value) !== \(after)"))
    #expect(try await browser.evaluate("window.refused") == [])
  }
}
