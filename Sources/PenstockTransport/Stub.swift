enum StubTransport {}
