#if Sandbox
  import ProveKeyPlatform

  /// Lets each client make so many requests a second, a second's worth at once.
  ///
  /// Remembers a bounded number of clients: those that have been quiet for a second are as good as
  /// new, and are forgotten when room is needed.
  final class RateLimiter: Sendable {
    private struct Bucket {
      var tokens: Double
      var at: ContinuousClock.Instant
    }

    private let perSecond: Double
    private let limit: Int
    private let buckets = Locked<[String: Bucket]>([:])

    init(
      perSecond: Int = HTTPLimits.requestsPerSecond, remembering limit: Int = HTTPLimits.remembered
    ) {
      self.perSecond = Double(perSecond)
      self.limit = limit
    }

    /// Takes one request of a client.
    /// - Returns: nothing when it may; else after how many seconds the next one may.
    func take(
      _ client: String, at now: ContinuousClock.Instant = .now
    ) -> Int? {
      buckets.withLock { buckets in
        var bucket = buckets[client] ?? Bucket(tokens: perSecond, at: now)
        bucket = filled(bucket, at: now)
        defer { buckets[client] = bucket }
        if buckets[client] == nil, buckets.count >= limit { makeRoom(in: &buckets, at: now) }
        guard bucket.tokens >= 1 else {
          return max(Int(((1 - bucket.tokens) / perSecond).rounded(.up)), 1)
        }
        bucket.tokens -= 1
        return nil
      }
    }

    /// How many clients are remembered.
    var count: Int { buckets.withLock { $0.count } }

    private func filled(_ bucket: Bucket, at now: ContinuousClock.Instant) -> Bucket {
      let passed = bucket.at.duration(to: now) / .seconds(1)
      return Bucket(tokens: min(bucket.tokens + max(passed, 0) * perSecond, perSecond), at: now)
    }

    private func makeRoom(in buckets: inout [String: Bucket], at now: ContinuousClock.Instant) {
      buckets = buckets.filter { filled($0.value, at: now).tokens < perSecond }
      // All of them busy: whoever goes gets a second's worth anew, which is the lesser harm.
      if buckets.count >= limit, let any = buckets.keys.first { buckets[any] = nil }
    }
  }
#endif
