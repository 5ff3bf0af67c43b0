extension Connection {
  /// Copies the whole database into a new file while others go on using it.
  ///
  /// What is copied is one state of the database: the one at the last step. A step holds the
  /// reader's lock for its pages only; a commit by another connection in between starts the copy
  /// anew, one by this connection is taken along.
  /// - Parameters:
  ///   - target: a database nobody else uses; what it holds is replaced.
  ///   - pagesPerStep: how many pages are copied under one lock; below 1, all of them at once.
  ///   - progress: is told after each step how many pages are left, and how many there are.
  /// - Throws: ``DatabaseError``; the target is then unchanged or, after a crash, rolled back.
  package func backUp(
    to target: Connection, pagesPerStep: Int32 = 256,
    progress: (_ remaining: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(DatabaseError) {
    let copy = try OnlineBackup(of: self, to: target)
    var isComplete = false
    while !isComplete {
      isComplete = try copy.step(pageCount: pagesPerStep)
      progress(copy.pages.remaining, copy.pages.total)
    }
  }
}
