import CSQLite

extension Connection {
  /// Begins a reading transaction that stays open, unless there is one (invariant C6).
  ///
  /// A statement that reads by itself begins and ends a transaction each time, which is a tenth of
  /// what a look-up of one row costs. Only an exclusive connection may keep one open: nobody else is
  /// there whose commits it would miss or whose checkpoints it would hold up. Whatever begins a
  /// transaction, runs SQL by ``execute(_:)``, checkpoints or copies ends it first.
  package func keepReading() throws(DatabaseError) {
    if isReading { return }
    guard isExclusive, !isInTransaction else { return }
    // Its cursor stands on the first page, which every statement asks for.
    let statement = try controlStatement("SELECT 1 FROM sqlite_schema")
    isReading = try statement.step()
    reading = statement
  }

  /// Ends the reading transaction that is kept open, if there is one.
  func stopReading() {
    guard isReading else { return }
    isReading = false
    reading?.reset()
    reading = nil
  }
}
