enum StubEnforcer {}
