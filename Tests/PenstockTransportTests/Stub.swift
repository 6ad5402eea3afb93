internal import Testing
@Test func stub() {}
