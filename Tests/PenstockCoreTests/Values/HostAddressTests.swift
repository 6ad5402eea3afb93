internal import PenstockCore
internal import Testing

@Suite struct HostAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("10.0.0.5", "10.0.0.5"), ("::1", "[::1]"), ("[::1]", "[::1]"),
        ("fe80::1", "[fe80::1]"),
        ("1:2:3:4:5:6:7:8", "[1:2:3:4:5:6:7:8]"), ("1::8", "[1::8]"), ("::ffff:127.0.0.1", "[::ffff:127.0.0.1]"),
        ("::", "[::]"),
        ("localhost", "localhost"), ("LocalHost.", "localhost"), ("ledger.example.org", "ledger.example.org"),
        ("my_host-1", "my_host-1"),
    ])
    func addressesAndNames(_ text: String, _ bracketed: String) {
        #expect(HostAddress(text)?.bracketed == bracketed)
    }

    @Test(arguments: [
        "", " ", "exa mple", "host:80", "tcp://host", "http://127.0.0.1", "127.0.0.1/8", "127.0.0.1:80", "1.2.3",
        "1.2.3.4.5", "256.1.1.1",
        "127.0.0.01", "127.1", "2130706433", "0x7f.1", "0x7f000001", "[::1", "::1]", "[127.0.0.1]", "[localhost]",
        ":::", "1::2::3", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "fe80::1%eth0", "::12345", "::+1", "-a", "a-", "a..b", ".", "*", "a\u{0}b", "häuser",
        "::1.2.3.4:1",
    ])
    func whatIsNone(_ text: String) {
        #expect(HostAddress(text) == nil)
    }

    @Test func whatIsOfThisMachineAlone() {
        for text in ["127.0.0.1", "127.8.9.1", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "localhost", "LOCALHOST."]
        {
            #expect(HostAddress(text)?.isLoopback == true, "\(text)")
        }
        for text in [
            "128.0.0.1", "0.0.0.0", "::", "::2", "localhost.example", "127.0.0.1.nip.io", "::ffff:10.0.0.1",
            "a.localhost",
        ] {
            #expect(HostAddress(text)?.isLoopback == false, "\(text)")
        }
        for text in ["0.0.0.0", "::", "0::0", "::ffff:0.0.0.0", "::0.0.0.0"] {
            #expect(HostAddress(text)?.isWildcard == true, "\(text)")
        }
    }

    @Test func hostAndPort() {
        func read(_ text: String) -> String? {
            HostAddress.authority(text).map { "\($0.host.text) \($0.port.map(String.init) ?? "-")" }
        }
        #expect(read("localhost") == "localhost -")
        #expect(read("localhost:8080") == "localhost 8080")
        #expect(read("127.0.0.1:1") == "127.0.0.1 1")
        #expect(read("[::1]:65535") == "::1 65535")
        #expect(read("[::1]") == "::1 -")
        #expect(read("::1") == "::1 -")
        for text in [
            "localhost:", "localhost:0", "localhost:65536", "localhost:+1", "localhost:80 ", "[::1]80", "[::1]:",
            "::1:80:x", ":80", "a@b:80", "a:80:80",
        ] {
            #expect(read(text) == nil, "\(text)")
        }
    }
}
