public func fileEventsStub() {}
