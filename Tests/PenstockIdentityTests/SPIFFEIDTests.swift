import Testing

@testable import PenstockIdentity

@Suite struct SPIFFEIDTests {
    @Test(arguments: [
        ("spiffe://example.org/a", "example.org", "/a"),
        ("spiffe://example.org/A.b-c_d/9", "example.org", "/A.b-c_d/9"),
        ("spiffe://a_b-c.1/...", "a_b-c.1", "/..."), ("spiffe://example.org", "example.org", ""),
    ])
    func readsWhatTheStandardAllows(text: String, domain: String, path: String) throws {
        let id = try #require(SPIFFEID(text))
        #expect((id.trustDomain, id.path, id.description) == (domain, path, text))
    }

    @Test(arguments: [
        "", "spiffe://", "spiffe:///a", "http://example.org/a", "SPIFFE://example.org/a", "spiffe:/example.org/a",
        "spiffe://Example.org/a", "spiffe://example.org:80/a", "spiffe://u@example.org/a", "spiffe://ex%61mple.org/a",
        "spiffe://example.org/", "spiffe://example.org/a/", "spiffe://example.org//a", "spiffe://example.org/./a",
        "spiffe://example.org/../a", "spiffe://example.org/a/..", "spiffe://example.org/a?x",
        "spiffe://example.org/a#x",
        "spiffe://example.org/%61", "spiffe://example.org/é", "spiffe://example.org/a b", "spiffe://example.org/a\0",
        "spiffe://example.org?x", " spiffe://example.org/a", "spiffe://example.org/a\n",
    ])
    func refusesAnyOtherWriting(text: String) {
        #expect(SPIFFEID(text) == nil)
    }

    @Test func lengthsAreBounded() {
        func id(domain: Int, all: Int) -> SPIFFEID? {
            let start = "spiffe://\(String(repeating: "d", count: domain))/"
            return SPIFFEID(start + String(repeating: "p", count: all - start.utf8.count))
        }
        #expect(id(domain: 255, all: 2_048) != nil)
        #expect(id(domain: 256, all: 2_048) == nil)
        #expect(id(domain: 255, all: 2_049) == nil)
    }
}
