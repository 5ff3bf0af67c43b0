import CSQLite

extension Connection {
  /// Begins a reading transaction that stays open, unless there is one (invariant C6).
  ///
  /// A statement that reads by itself begins and ends a transaction each time: a tenth of what a look-up
  /// of one row costs where the connection is exclusive, a quarter where it is not. Whatever begins a
  /// transaction, runs SQL by ``execute(_:)``, checkpoints or copies ends it first.
  ///
  /// What other connections commit meanwhile is not seen, and their checkpoints are held up: a
  /// connection that is not exclusive keeps none unless it is asked to.
  /// - Parameter isAmongOthers: whether to keep one all the same, for an owner who knows of every
  ///   commit and calls ``stopReading()`` then.
  package func keepReading(amongOthers isAmongOthers: Bool = false) throws(DatabaseError) {
    if isReading { return }
    guard isExclusive || isAmongOthers, !isInTransaction else { return }
    // Its cursor stands on the first page, which every statement asks for.
    let statement = try controlStatement("SELECT 1 FROM sqlite_schema")
    isReading = try statement.step()
    reading = statement
  }

  /// Ends the reading transaction that is kept open, if there is one.
  package func stopReading() {
    guard isReading else { return }
    isReading = false
    reading?.reset()
    reading = nil
  }
}
