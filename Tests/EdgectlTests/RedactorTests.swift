// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@testable import edgectl

@Suite struct RedactorTests {
  @Test(arguments: [
    "password", "mqttPassword", "MQTT_PASSWORD", "passwd", "token", "accessToken", "api-key",
    "apiKey",
    "clientSecret", "psk", "pin", "pwd", "key", "privateKey", "snmp.community", "Authorization",
    "wifiPassphrase",
  ])
  func `knows the keys of secrets`(key: String) { #expect(Redactor.isSecret(key)) }

  @Test(arguments: [
    "passwordFile", "tlsPrivateKeyFile", "keyFile", "tokenPath", "tokens.required", "name", "unit",
    "keyboard", "monkey",
    "expires", "tokenExpires", "pinned", "ip", "username", "author",
  ])
  func `leaves others alone`(key: String) { #expect(!Redactor.isSecret(key)) }

  @Test func `hides values under a secret key, and finds them again elsewhere`() {
    var redactor = Redactor()
    let hidden = redactor.hide([
      "mqttUsername": "edge", "mqttPassword": "hunter2-hunter2", "pin": 123_456,
      "tokens": ["required": true],
      "list": [["secret": ["a-long-one", "b"]]], "note": "the word is hunter2-hunter2",
      "passwordFile": "/etc/x", "empty": ["password": ""],
    ])
    #expect(
      hidden.text
        == #"{"mqttUsername":"edge","mqttPassword":"(hidden)","pin":"(hidden)","tokens":{"required":true},"#
        + #""list":[{"secret":["(hidden)","(hidden)"]}],"note":"the word is (hidden)","#
        + #""passwordFile":"/etc/x","empty":{"password":""}}"#)
    #expect(
      redactor.hide("login hunter2-hunter2 pin 123456 a-long-one b")
        == "login (hidden) pin (hidden) (hidden) b")
  }

  @Test(arguments: [
    ("tcp://user:s3cret@broker:1883/x", "tcp://(hidden)@broker:1883/x"),
    ("see http://host/a@b and ssl://u@h", "see http://host/a@b and ssl://(hidden)@h"),
    ("token sel_AbCdEf0123456789 was used", "token (hidden) was used"),
    ("sel_x stays", "sel_x stays"),
    ("Authorization: Bearer abcdefgh12345678", "Authorization: (hidden) (hidden)"),
    ("got Bearer abcdefgh12345678.", "got Bearer (hidden)"),
    ("password=abc other=1", "password=(hidden) other=1"),
    ("modules.eventBus.mqttPassword=abc", "modules.eventBus.mqttPassword=(hidden)"),
    (#"{"password":"a b","unit":3}"#, #"{"password":"(hidden)","unit":3}"#),
    ("  password: 'x y'", "  password: '(hidden)'"),
    ("wifi passphrase: abc", "wifi passphrase: (hidden)"),
    ("tokens.required=true", "tokens.required=true"),
    ("modules.twinAPI.token=false", "modules.twinAPI.token=false"),
    (
      "2026-11-24T09:30:00+0000 notice edgecore: x=1 [a] up",
      "2026-11-24T09:30:00+0000 notice edgecore: x=1 [a] up"
    ),
    ("", ""), ("plain", "plain"), ("password=", "password="), ("://", "://"),
  ])
  func `hides secrets by their form`(text: String, hidden: String) {
    #expect(Redactor().hide(text) == hidden)
  }

  @Test func `hides private keys whole`() {
    let text = "a\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\nxyz\n-----END EC PRIVATE KEY-----\nb"
    #expect(Redactor().hide(text) == "a\n(hidden)\nb")
    let certificate = "-----BEGIN CERTIFICATE-----\nMHcCAQ\n-----END CERTIFICATE-----"
    #expect(Redactor().hide(certificate) == certificate)
  }
}
