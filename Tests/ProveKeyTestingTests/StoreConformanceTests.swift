import ProveDeviceRegistry
import ProveKeyTesting
import Testing

@Suite("the conformance check of registry stores")
struct RegistryStoreConformanceTests {
  private typealias Conformance = RegistryStoreConformance

  /// Makes stores that lack one thing, each time a new one.
  private func make(_ fault: FaultyStore.Fault?) throws -> Conformance.Subject {
    let base = try InMemoryRegistryStore()
    return Conformance.Subject {
      FaultyStore(fault, fault == .contentOfItsOwn ? try .init() : .init(sharing: base))
    }
  }

  @Test("the store in memory conforms, with set digests and without", arguments: [true, false])
  func memory(keepsSetDigests: Bool) async {
    let report = await Conformance.check {
      let store = try InMemoryRegistryStore(keepsSetDigests: keepsSetDigests)
      return .init { InMemoryRegistryStore(sharing: store) }
    }
    #expect(report.isConformant, "\(report)")
    #expect(report.findings.count == Conformance.Property.allCases.count)
  }

  @Test("a store that lacks nothing conforms, and is removed after each property")
  func sound() async {
    let discarded = Counter()
    let report = await Conformance.check {
      let base = try InMemoryRegistryStore()
      return .init {
        discarded.increase()
      } open: {
        FaultyStore(nil, .init(sharing: base))
      }
    }
    #expect(report.isConformant, "\(report)")
    #expect(discarded.value == Conformance.Property.allCases.count)
  }

  @Test("each property is seen to fail, on a store that lacks it", arguments: Self.faults)
  private func broken(fault: FaultyStore.Fault, property: Conformance.Property) async {
    let finding = await Conformance.finding(on: property) { try make(fault) }
    #expect(finding.failure != nil, "\(fault)")
  }

  @Test("every property is broken by one of the stores above")
  func complete() {
    let broken = Set(Self.faults.map(\.1))
    #expect(broken == Set(Conformance.Property.allCases))
  }

  @Test("a store that cannot be opened fails every property")
  func unopened() async {
    let report = await Conformance.check { .init { throw RegistryError.store(.missing) } }
    #expect(report.failures.count == Conformance.Property.allCases.count)
    #expect("\(report)".contains("FAILED  a closed store says so"))
  }

  private static let faults: [(FaultyStore.Fault, RegistryStoreConformance.Property)] = [
    (.losesHumans, .readsWhatWasWritten), (.staleReads, .readsWhatWasWritten),
    (.contentOfItsOwn, .otherHandlesRead), (.contentOfItsOwn, .staysWhenClosed),
    (.severalWithoutGaps, .readsSeveral), (.conflictKeepsTheRest, .wholeOrNothing),
    (.conflictKeepsWhatCameBefore, .wholeOrNothing), (.namesTheLast, .wholeOrNothing),
    (.namesTheLast, .namesTheFirstConflict), (.smallBatches, .largestBatch),
    (.ignoresVersions, .registrationsAreCompared), (.insertsOver, .registrationsAreCompared),
    (.removesAnything, .removalsAreCompared), (.keepsRemovedCandidates, .removalsAreCompared),
    (.appendsOver, .eventsAreNew), (.putsOver, .itemsAreCompared),
    (.comparesBeforeItWaits, .oneWriterWins), (.listsSuspended, .candidacy),
    (.ascending, .listingOrder), (.pagesByDayOnly, .listingOrder),
    (.personsByDay, .listingOrder), (.lastEventsWithoutGaps, .eventsInOrder),
    (.forgetsTheProveID, .listingSubjects), (.daysAreOneOff, .listingDays),
    (.dayLostWithPosition, .listingDays), (.unbounded, .listingBounds),
    (.eventsAsWritten, .eventsInOrder), (.allEventsReversed, .allEventsInOrder),
    (.detailsByDevice, .detailsByDay), (.redactsNothing, .redaction),
    (.redactsAll, .redaction), (.itemsStay, .itemsAreRemoved),
    (.missingItemConflicts, .itemsAreRemoved), (.expiresOneMore, .itemsExpire),
    (.forgetsIDs, .writtenAgain), (.knowsIDsLate, .writtenAgainAtOnce),
    (.remembersRefusals, .refusedAgain), (.remembersFew, .remembersIDs),
    (.digestsOfInsertsOnly, .digestsFollow), (.digestsTwice, .digestsStay),
    (.miscounts, .statistics), (.seesProblems, .statistics), (.cohortsUnordered, .census),
    (.losesOneInFifty, .concurrentWriters), (.writesWhenClosed, .closing),
  ]
}
