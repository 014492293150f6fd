// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Testing

@testable import TwinAPI

@Suite struct HistoryRouteTests {
  /// 2026-11-24T09:00:00Z
  private static let start: Int64 = 1_795_510_800_000
  private static let route = "/v1/devices/default/pump-1"
  private static let setpoint = route + "/properties/setpoint/history"

  private func fill(_ api: TestAPI) {
    let samples = (0..<20).map { (index: Int64) -> HistorySample in
      let time = Self.start + index * 1000
      if index == 3 { return HistorySample(time: time, value: nil, quality: .noLink) }
      return HistorySample(time: time, value: .int(index), quality: .good)
    }
    api.history.add(samples, to: "setpoint")
    api.history.add(
      [HistorySample(time: Self.start, value: .float(21.5), quality: .stale)], to: "temperature")
  }

  @Test func `lists which properties have values`() async throws {
    try await TestAPI.running { api in
      fill(api)
      let answer = try await api.ask("GET", Self.route + "/history")
      #expect(answer.status == 200)
      #expect(
        answer.body == """
          {"items":[{"property":"setpoint","from":"2026-11-24T09:00:00.000Z",\
          "to":"2026-11-24T09:00:19.000Z","samples":20},{"property":"temperature",\
          "from":"2026-11-24T09:00:00.000Z","to":"2026-11-24T09:00:00.000Z","samples":1}]}

          """)
    }
  }

  @Test func `gives samples as rows, and says where to go on`() async throws {
    try await TestAPI.running { api in
      fill(api)
      let query = "?from=\(Self.start + 2000)&to=2026-11-24T09:00:10Z"
      let page = try await api.ask("GET", Self.setpoint + query + "&limit=3")
      #expect(
        page.body == """
          {"property":"setpoint","type":"int","unit":"°C","from":\(Self.start + 2000),\
          "to":\(Self.start + 10_000),"columns":["time","value","quality"],\
          "rows":[[\(Self.start + 2000),2,"good"],[\(Self.start + 3000),null,"bad"],\
          [\(Self.start + 4000),4,"good"]],"next":\(Self.start + 5000)}

          """)
      let whole = try await api.ask("GET", Self.setpoint + query)
      #expect(whole.json["rows"]?.array?.count == 8 && whole.json["next"] == nil)
    }
  }

  @Test func `gives steps with count, failed, least, greatest, mean and last`() async throws {
    try await TestAPI.running { api in
      fill(api)
      let answer = try await api.ask(
        "GET", Self.setpoint + "?from=\(Self.start)&to=\(Self.start + 10_000)&step=5s")
      #expect(
        answer.body == """
          {"property":"setpoint","type":"int","unit":"°C","from":\(Self.start),"to":\(Self.start + 10_000),\
          "step":5000,"columns":["time","count","failed","min","max","avg","last"],\
          "rows":[[\(Self.start),4,1,0,4,1.75,4],[\(Self.start + 5000),5,0,5,9,7,9]]}

          """)
    }
  }

  @Test func `without parameters it is the last hour, and times may be relative`() async throws {
    try await TestAPI.running { api in
      fill(api)
      let before = WallClock.system.milliseconds
      #expect(try await api.ask("GET", Self.setpoint).status == 200)
      #expect(try await api.ask("GET", Self.setpoint + "?from=-2h&to=-90s&step=1m").status == 200)
      let after = WallClock.system.milliseconds
      let queries = api.history.queries
      try #require(queries.count == 2)
      #expect((before + 1...after + 1).contains(queries[0].to) && queries[0].limit == 1000)
      #expect(queries[0].to - queries[0].from == 3_600_001 && queries[0].step == nil)
      #expect((before - 90_000...after - 90_000).contains(queries[1].to) && queries[1].limit == 2000)
      #expect(queries[1].to - queries[1].from == 7_110_000 && queries[1].step == 60_000)
    }
  }

  @Test func `a property without a value yet has no rows, and one that is not there is named`() async throws {
    try await TestAPI.running { api in
      let empty = try await api.ask("GET", Self.setpoint)
      #expect(empty.status == 200 && empty.json["rows"] == [])
      let missing = try await api.ask("GET", Self.route + "/properties/nope/history")
      #expect(missing.status == 404 && missing.problem == "property-not-found")
      let device = try await api.ask("GET", "/v1/devices/default/pump-9/history")
      #expect(device.status == 404 && device.problem == "device-not-found")
      let export = try await api.ask("GET", Self.route + "/history/export?property=nope")
      #expect(export.status == 404 && export.problem == "property-not-found")
    }
  }

  @Test(arguments: [
    ("from=yesterday", "from"), ("to=2026-11-24", "to"), ("step=10", "step"), ("step=0s", "step"),
    ("limit=0", "limit"), ("limit=10001", "limit"), ("from=-1s&to=-1h", "from"), ("form=csv", "form"),
    ("from=99999999999999", "from"), ("step=1s&step=2s", "step"),
  ])
  func `a wrong parameter is named`(_ query: String, _ parameter: String) async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("GET", Self.setpoint + "?" + query)
      #expect(answer.status == 400 && answer.problem == "invalid-query")
      #expect(answer.json["parameter"]?.string == parameter)
      #expect(answer.json["expected"]?.string?.isEmpty == false)
    }
  }

  @Test func `without a history it says so`() async throws {
    try await TestAPI.running(TestAPI(withHistory: false)) { api in
      for path in [Self.route + "/history", Self.setpoint, Self.route + "/history/export"] {
        let answer = try await api.ask("GET", path)
        #expect(answer.status == 404 && answer.problem == "no-history")
      }
    }
  }

  @Test func `too many queries are busy, and a disk that fails is told`() async throws {
    try await TestAPI.running { api in
      fill(api)
      api.history.beBusy(1)
      let busy = try await api.ask("GET", Self.setpoint)
      #expect(busy.status == 503 && busy.problem == "busy" && busy.headers["retry-after"] == "1")
      api.history.refuse(with: .storage("the disk is gone"))
      let storage = try await api.ask("GET", Self.setpoint)
      #expect(storage.status == 500 && storage.problem == "storage")
      #expect(storage.json["detail"]?.string?.contains("the disk is gone") == true)
      #expect(try await api.ask("GET", Self.route + "/history/export").status == 500)
    }
  }

  /// The whole answer, chunks put together.
  private func download(_ api: TestAPI, _ path: String) async throws -> (head: Answer, body: String) {
    try await api.connect().withConnection { connection in
      try await connection.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let head = try await connection.head()
      var body = ""
      while true {
        // A line's end is one character.
        let size = try await connection.read(through: "\r\n").dropLast()
        let count = try #require(Int(size, radix: 16))
        body += try await connection.read(count: count)
        _ = try await connection.read(through: "\r\n")
        if count == 0 { return (head, body) }
      }
    }
  }

  @Test func `exports CSV with quotes where they must be`() async throws {
    try await TestAPI.running { api in
      fill(api)
      api.history.add(
        [
          HistorySample(time: Self.start + 1, value: .text("a,\"b\"\nc"), quality: .good),
          HistorySample(time: Self.start + 2, value: .double(-0.125), quality: .good),
        ], to: "temperature")
      let answer = try await download(
        api, Self.route + "/history/export?property=temperature,setpoint&to=\(Self.start + 4000)")
      #expect(answer.head.status == 200)
      #expect(answer.head.headers["content-type"] == "text/csv; charset=utf-8")
      #expect(
        answer.head.headers["content-disposition"] == "attachment; filename=\"default-pump-1.csv\"")
      #expect(
        answer.body == """
          time,property,value,quality
          2026-11-24T09:00:00.000Z,temperature,21.5,uncertain
          2026-11-24T09:00:00.001Z,temperature,"a,""b""
          c",good
          2026-11-24T09:00:00.002Z,temperature,-0.125,good
          2026-11-24T09:00:00.000Z,setpoint,0,good
          2026-11-24T09:00:01.000Z,setpoint,1,good
          2026-11-24T09:00:02.000Z,setpoint,2,good
          2026-11-24T09:00:03.000Z,setpoint,,bad

          """)
    }
  }

  @Test func `exports JSON lines of everything, page by page and past others that ask`() async throws {
    try await TestAPI.running { api in
      let count = 12_345
      let samples = (0..<Int64(count)).map { (index: Int64) -> HistorySample in
        HistorySample(time: Self.start + index, value: .int(index), quality: .good)
      }
      api.history.add(samples, to: "setpoint")
      api.history.beBusy(2)
      let answer = try await download(api, Self.route + "/history/export?format=jsonl")
      #expect(answer.head.headers["content-type"] == "application/jsonl")
      let lines = answer.body.split(separator: "\n")
      #expect(lines.count == count)
      for (index, line) in lines.enumerated() {
        let value = try JSON.parse(String(line))["value"]?.int
        #expect(value == Int64(index))
      }
      #expect(api.history.queries.count == 5)
      #expect(
        lines.first == """
          {"time":"2026-11-24T09:00:00.000Z","property":"setpoint","value":0,"quality":"good"}
          """)
    }
  }

  @Test func `an export of nothing is a file with its first line`() async throws {
    try await TestAPI.running { api in
      let csv = try await download(api, Self.route + "/history/export")
      #expect(csv.head.status == 200 && csv.body == "time,property,value,quality\n")
      let format = try await api.ask("GET", Self.route + "/history/export?format=xlsx")
      #expect(format.status == 400 && format.json["parameter"] == "format")
    }
  }
}
