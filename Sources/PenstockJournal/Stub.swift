enum StubJournal {}
