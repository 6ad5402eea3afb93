enum StubCrypto {}
