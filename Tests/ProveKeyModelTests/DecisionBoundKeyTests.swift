import ProveKeyModel
import Testing

/// Rows D8 to D10 by hand: a bound, live key is presented.
struct DecisionBoundKeyTests {
  private func decide(
    phone: Int? = nil, person: String? = nil, presented: KeyRegistration,
    age: RegistryPolicy.BindingAge = .ignored, now: UTCInstant? = nil
  ) throws -> KeyDecision {
    let request = KeyRequest(
      channel: .mobile, phoneNumber: try phone.map(Sample.phone),
      proveID: try person.map(Sample.person))
    return KeyRules.decide(
      request, facts: KeyFacts(presented: .registered(presented, .fresh)),
      policy: try RegistryPolicy(maximumBindingAge: age), now: try now ?? Sample.now())
  }

  @Test("D8: another number than the bound one is refused as phoneMismatch")
  func phoneDiffers() throws {
    let decision = try decide(phone: 4015, person: "p", presented: Sample.bound())
    #expect(decision == KeyDecision(.d8, .reject(.phoneMismatch)))
  }

  @Test("D8: another consumer is refused as identityMismatch")
  func personDiffers() throws {
    let decision = try decide(phone: 4014, person: "q", presented: Sample.bound())
    #expect(decision == KeyDecision(.d8, .reject(.identityMismatch)))
  }

  @Test("D8: a consumer that the binding does not know differs from it")
  func personUnknown() throws {
    let decision = try decide(person: "p", presented: Sample.bound(person: nil))
    #expect(decision == KeyDecision(.d8, .reject(.identityMismatch)))
  }

  @Test("D8: the number is compared before the consumer, and both before the binding's age")
  func bothDiffer() throws {
    let decision = try decide(
      phone: 4015, person: "q", presented: Sample.bound(), age: .alwaysTooOld)
    #expect(decision == KeyDecision(.d8, .reject(.phoneMismatch)))
  }

  @Test("D8: ten digits and the same digits after a plus are different people")
  func sandboxTrap() throws {
    let american = try PhoneNumber("2001004029")
    let key = try Sample.placed().bound(to: american, proveID: nil, at: Sample.now())
    let request = KeyRequest(channel: .mobile, phoneNumber: try PhoneNumber("+2001004029"))
    let decision = KeyRules.decide(
      request, facts: KeyFacts(presented: .registered(key, .fresh)), policy: .prove,
      now: try Sample.now())
    #expect(decision == KeyDecision(.d8, .reject(.phoneMismatch)))
  }

  @Test("D9: a binding older than the policy's seconds needs possession of the same number")
  func bindingTooOld() throws {
    let now = try Sample.now()
    let key = try Sample.bound(secondsAgo: 100)
    let late = UTCInstant(millisecondsSinceEpoch: now.millisecondsSinceEpoch + 1)
    let plan = KeyPlan(
      .rebind(try Sample.device()), for: KeyRequest(channel: .mobile),
      boundPhoneNumber: try Sample.phone())
    let expected = KeyDecision(.d9, .requirePossession(.bindingTooOld, then: plan))
    #expect(try decide(presented: key, age: .seconds(100), now: late) == expected)
    #expect(try decide(presented: key, age: .seconds(99)) == expected)
    #expect(plan.isFulfilled(by: try Sample.phone()))
    #expect(plan.isFulfilled(by: try Sample.phone(4015)) == false)
  }

  @Test("D9: a binding exactly as old as the policy allows is not older than it")
  func bindingJustYoungEnough() throws {
    let decision = try decide(presented: Sample.bound(secondsAgo: 100), age: .seconds(100))
    #expect(decision == KeyDecision(.d10, .authenticate(try Sample.device())))
  }

  @Test("D9: age counts from the binding, not from the last authentication")
  func ageFromBinding() throws {
    let key = try Sample.bound(secondsAgo: 100).authenticated(at: Sample.now())
    #expect(try decide(presented: key, age: .seconds(99)).row == .d9)
    #expect(try decide(presented: key, age: .ignored).row == .d10)
  }

  @Test("D9: a policy of -1 forces a check on a binding made this instant, and even in the future")
  func alwaysTooOld() throws {
    #expect(try decide(presented: Sample.bound(secondsAgo: 0), age: .alwaysTooOld).row == .d9)
    #expect(try decide(presented: Sample.bound(secondsAgo: -60), age: .alwaysTooOld).row == .d9)
  }

  @Test("D9: a clock behind the binding makes nothing too old, nor do the greatest of ages")
  func clockBehind() throws {
    #expect(try decide(presented: Sample.bound(secondsAgo: -60), age: .seconds(1)).row == .d10)
    #expect(try decide(presented: Sample.bound(), age: .seconds(.max)).row == .d10)
  }

  @Test("D10: a bound key is enough when all given facts agree, and when none are given")
  func authenticates() throws {
    let expected = KeyDecision(.d10, .authenticate(try Sample.device()))
    for phone in [nil, 4014] {
      for person in [nil, "p"] {
        #expect(try decide(phone: phone, person: person, presented: Sample.bound()) == expected)
      }
    }
  }

  @Test("D10: channel none follows the rows of mobile")
  func channelNone() throws {
    let decision = KeyRules.decide(
      KeyRequest(channel: .none),
      facts: KeyFacts(presented: .registered(try Sample.bound(), .fresh)),
      policy: .prove, now: try Sample.now())
    #expect(decision == KeyDecision(.d10, .authenticate(try Sample.device())))
  }
}
