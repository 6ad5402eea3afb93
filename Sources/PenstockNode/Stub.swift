enum StubNode {}
