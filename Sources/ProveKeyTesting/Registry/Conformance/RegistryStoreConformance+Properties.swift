extension RegistryStoreConformance {
  /// What is checked.
  public enum Property: String, ConformanceProperty {
    /// G4, and that every column comes back as it was written.
    case readsWhatWasWritten
    /// G4 for another handle on the same store.
    case otherHandlesRead
    /// G1: what was applied is durable.
    case staysWhenClosed
    /// Several registrations in one call.
    case readsSeveral
    /// G1: a conflict anywhere undoes the whole batch.
    case wholeOrNothing
    /// The conflict that counts is the first.
    case namesTheFirstConflict
    /// The limit of a batch.
    case largestBatch
    /// G2 for registrations.
    case registrationsAreCompared
    /// G2 for removed registrations.
    case removalsAreCompared
    /// G2 for events.
    case eventsAreNew
    /// G2 for items.
    case itemsAreCompared
    /// G2 under concurrency.
    case oneWriterWins
    /// G3.
    case candidacy
    /// G5: order, and pages.
    case listingOrder
    /// Listings hold what was asked for.
    case listingSubjects
    /// Listings know their days.
    case listingDays
    /// G5: bounds.
    case listingBounds
    /// Events of a registration.
    case eventsInOrder
    /// Events of all registrations.
    case allEventsInOrder
    /// Events that have a detail of before a day.
    case detailsByDay
    /// Details can be taken away.
    case redaction
    /// Items can be taken away.
    case itemsAreRemoved
    /// Expired items go.
    case itemsExpire
    /// G9.
    case writtenAgain
    /// G9 under concurrency, as after a lost connection whose commit was still under way.
    case writtenAgainAtOnce
    /// G9 is of what took effect only.
    case refusedAgain
    /// G9: for how long.
    case remembersIDs
    /// G10 for every kind of change.
    case digestsFollow
    /// G10 where nothing changes.
    case digestsStay
    /// Counts of rows.
    case statistics
    /// Counts by state and day.
    case census
    /// Many writers at once.
    case concurrentWriters
    /// Calls after closing.
    case closing

    /// The property as a sentence.
    public var statement: String {
      switch self {
      case .readsWhatWasWritten: "a read sees every write that returned before it began (G4)"
      case .otherHandlesRead: "another handle on the store sees them too (G4)"
      case .staysWhenClosed: "what was applied is there when the store is opened again (G1)"
      case .readsSeveral: "a read of several answers in their order, with nothing for none"
      case .wholeOrNothing: "a batch with a conflict at any place changes nothing (G1)"
      case .namesTheFirstConflict: "of several conflicts in a batch the first is named (G2)"
      case .largestBatch: "a batch may have 500 changes"
      case .registrationsAreCompared: "a registration changes on the version named only (G2)"
      case .removalsAreCompared: "a registration is removed on the version named only (G2)"
      case .eventsAreNew: "an event is appended only where there is none (G2)"
      case .itemsAreCompared: "an item changes on the version named only (G2)"
      case .oneWriterWins: "of many who replace one version exactly one does (G2)"
      case .candidacy: "a candidate is listed exactly while it is bound with its visitor (G3)"
      case .listingOrder: "listings run from the latest day down, then by device down (G5)"
      case .listingSubjects: "listings hold what was asked for and nothing else"
      case .listingDays: "listings know the days that they are bounded by"
      case .listingBounds: "a page has 1 to 1,000 rows, whatever is asked for (G5)"
      case .eventsInOrder: "events of a registration come in order, from after a number"
      case .allEventsInOrder: "all events come by device and number, from after a position"
      case .detailsByDay: "events with an old detail come oldest first"
      case .redaction: "a redacted event keeps everything but its detail"
      case .itemsAreRemoved: "a removed item is gone, and removing none changes nothing"
      case .itemsExpire: "items expired before a day are removed, the oldest first, at most so many"
      case .writtenAgain: "a batch written again under its id has no second effect (G9)"
      case .writtenAgainAtOnce: "a batch written many times at once takes effect once (G9)"
      case .refusedAgain: "a batch that was refused is judged anew under its id (G9)"
      case .remembersIDs: "ids are remembered for the next 10,000 batches (G9)"
      case .digestsFollow: "set digests follow every kind of change (G10)"
      case .digestsStay: "set digests stay when nothing changes (G10)"
      case .statistics: "counts agree with the rows"
      case .census: "the census agrees with the rows"
      case .concurrentWriters: "what many write at once is there once, and in order"
      case .closing: "a closed store says so"
      }
    }
  }
}
