enum StubBench {}
