enum StubProto {}
