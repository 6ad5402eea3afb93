enum StubLedger {}
