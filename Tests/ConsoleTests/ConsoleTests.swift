// SPDX-License-Identifier: Apache-2.0
import Console
import DeviceAPI
import Testing

@Suite struct ConsoleTests {
  private let console = Console()

  private func text(_ name: String) throws -> String {
    let page = try #require(console.page(name))
    return try #require(String(validating: page.bytes, as: UTF8.self))
  }

  /// What stands between `before` and the next quotation mark, everywhere in the text.
  private func quoted(after before: String, in text: String) -> [String] {
    var found: [String] = []
    var rest = text[...]
    while let range = rest.firstRange(of: before) {
      let tail = rest[range.upperBound...]
      found.append(String(tail.prefix { $0 != "\"" && $0 != "'" }))
      rest = tail
    }
    return found
  }

  @Test func `every file that the page and its modules name is there`() throws {
    let page = try text("index.html")
    let links = (quoted(after: "src=\"", in: page) + quoted(after: "href=\"", in: page)).filter {
      $0.hasPrefix("/")
    }
    #expect(links.count >= 4)
    for link in links {
      #expect(link.hasPrefix("/console/"), "\(link)")
      #expect(console.page(String(link.dropFirst("/console/".count))) != nil, "\(link)")
    }
    var imports = 0
    for name in Console.names where name.hasSuffix(".js") {
      for module in quoted(after: "from '", in: try text(name)) {
        #expect(module.hasPrefix("./"), "\(name) imports \(module)")
        #expect(console.page(String(module.dropFirst(2))) != nil, "\(name) imports \(module)")
        imports += 1
      }
    }
    #expect(imports > 20)
  }

  @Test func `a file has its own type and a tag that its bytes decide`() throws {
    #expect(console.page("index.html")?.type == "text/html; charset=utf-8")
    #expect(console.page("app.js")?.type == "text/javascript; charset=utf-8")
    #expect(console.page("base.css")?.type == "text/css; charset=utf-8")
    #expect(console.page("icon.svg")?.type == "image/svg+xml")
    #expect(console.page("../index.html") == nil)
    #expect(console.page("") == nil)
    let tags = Console.names.compactMap { console.page($0)?.tag }
    #expect(Set(tags).count == Console.names.count)
    #expect(tags.allSatisfy { $0.allSatisfy { $0.isHexDigit } })
  }

  @Test func `all of it is small enough for a slow line`() {
    let size = Console.names.compactMap { console.page($0)?.bytes.count }.reduce(0, +)
    #expect(size < 150_000, "\(size) bytes")
  }

  /// The policy of the page forbids it; nothing should even try.
  @Test func `nothing is inline, becomes markup, or comes from elsewhere`() throws {
    for name in Console.names {
      let text = try text(name)
      for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
      {
        #expect(!text.contains(word), "\(name) has \(word)")
      }
      for scheme in ["http://", "https://"] {
        for address in quoted(after: scheme, in: text) {
          #expect(address.hasPrefix("www.w3.org/"), "\(name) names \(scheme)\(address)")
        }
      }
    }
    let page = try text("index.html")
    #expect(!page.contains("<style"))
    #expect(!page.contains("style=\""))
    #expect(page.components(of: "<script") == page.components(of: "<script type=\"module\" src="))
  }
}

extension String {
  /// How often it is in here.
  fileprivate func components(of word: String) -> Int { ranges(of: word).count }
}
